// Weighs a call against a record: for good, ahead of its confirmation, or again while a connection lives. Sends nothing.
import { decide } from "../core/decide.ts";
import type { KeyHash, KeyRecord } from "../core/key.ts";
import { deny, type Verdict } from "../core/verdict.ts";
import type { Background, Found } from "../store/ports.ts";
import type { Call } from "./call.ts";
import type { Door } from "./door.ts";
import { factsOf, type Target } from "./facts.ts";
import type { Received } from "./received.ts";

/** The verdict over one record, wherever it came from. */
export function judge(record: KeyRecord | null, call: Call, target: Target, door: Door): Verdict {
  if (record !== null && door.policy.denyKeys.has(record.id)) return deny({ reason: "key_denied" });
  return decide(record, factsOf(call, target), call.now);
}

/** The verdict that counts, on a record that storage stands for. */
export function settle(call: Call, found: Found, target: Target, door: Door): Verdict {
  call.found = found;
  call.key = found.record;
  call.decidedAt = door.now();
  return judge(found.record, call, target, door);
}

/** Whether a connection that was let in may stay: judged as a new call of the same key would be, at this instant. */
export async function recheck(
  hash: KeyHash,
  call: Call,
  target: Target,
  door: Door,
  background: Background,
): Promise<Verdict> {
  const ask = (exact: boolean) => door.keys.find(hash, { exact, ahead: false }, background);
  // The row itself: what is remembered for ten seconds and looked at every five would be felt after fifteen. When D1
  // cannot be asked, a connection lives on the grace like a read, unless reads are exact too.
  const found = await ask(true).catch((error) => {
    if (door.policy.strongCheck === "all") throw error;
    return ask(false);
  });
  const settled = "confirmed" in found ? await found.confirmed : found;
  return judge(settled.record, { ...call, now: door.now() }, target, door);
}

// RFC 9110 section 9.2.1 for calls that the table does not know.
export function isSafe(request: Pick<Received, "method">, { operation }: Target): boolean {
  if (operation !== null) return operation.effect === "safe";
  return request.method === "GET" || request.method === "HEAD" || request.method === "OPTIONS";
}
