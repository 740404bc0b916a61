// A person's call: the same way as a key's, from the canonical path on.
import type { Denial } from "../core/verdict.ts";
import type { Background, Found } from "../store/ports.ts";
import { type Call, callerOf } from "./call.ts";
import type { Door } from "./door.ts";
import { readTarget, unfitness } from "./facts.ts";
import { letThrough } from "./let-through.ts";
import { findOperator, readPersonalToken } from "./operators.ts";
import { rebuff, turnAway } from "./turn-away.ts";
import { isSafe, settle } from "./weigh.ts";

/**
 * The way of a person's call: the same, but that their record is found by who they are, in D1, each time.
 *
 * @param credential what `Authorization` held, which is no key; or why it held nothing
 * @returns `null` for a call without a token that could be a person's
 */
export async function passOperator(
  call: Call,
  path: string,
  credential: string | Denial,
  door: Door,
  background: Background,
): Promise<Response | null> {
  const operators = door.operators && (await door.operators());
  const personal = readPersonalToken(call.received, credential, operators);
  if (operators === null || personal === null) return null;
  const { received } = call;
  const unfit = unfitness(received, personal.token, door.policy);
  if (unfit !== null) return turnAway(call, unfit);
  const target = readTarget(received, path, door.routes);
  if ("reason" in target) return turnAway(call, target);
  call.target = target;
  if (received.headers.has("upgrade")) return turnAway(call, { reason: "upgrade_not_enabled" });
  const barred = door.limits.isBarred(callerOf(call), call.now);
  if (barred !== null) return turnAway(call, barred);
  const operator = await findOperator(call, personal, target, isSafe(received, target), operators, background);
  if ("reason" in operator) return await rebuff(call, operator, door);
  const found: Found = { record: operator, source: "d1", ageMs: 0, degraded: false };
  const verdict = settle(call, found, target, door, door.now());
  if (!verdict.allow) return turnAway(call, verdict.denial);
  const tooMany = await door.limits.noteCall(verdict.key.id);
  if (tooMany !== null) return turnAway(call, tooMany);
  return await letThrough(call, target, verdict.key, door, background);
}
