// The end of a call that may not pass: its denial is noted where the log will find it, and bad tries are counted.
import type { Denial } from "../core/verdict.ts";
import { type Call, callerOf } from "./call.ts";
import type { Door } from "./door.ts";
import { refuse } from "./refuse.ts";

const BAD_TOKENS: ReadonlySet<Denial["reason"]> = new Set([
  "token_malformed",
  "signature_invalid",
  "key_unknown",
  "operator_token_invalid",
]);

/** Turns a call away whose key is none, and counts how often its address has tried. */
export function rebuff(call: Call, denial: Denial, door: Door): Response | Promise<Response> {
  const counted = BAD_TOKENS.has(denial.reason) ? door.limits.noteBadToken(callerOf(call), call.now) : null;
  return counted === null ? turnAway(call, denial) : counted.then((tooMany) => turnAway(call, tooMany ?? denial));
}

/** Answers a refused call, and leaves the reason to the log. */
export function turnAway(call: Call, denial: Denial): Response {
  call.denial = denial;
  return refuse(denial, call.requestId);
}
