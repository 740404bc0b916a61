// Weighs a call against a record: for good, or ahead of its confirmation. Sends nothing.
import { decide } from "../core/decide.ts";
import type { KeyRecord } from "../core/key.ts";
import { deny, type Verdict } from "../core/verdict.ts";
import type { Found } from "../store/ports.ts";
import { type Call, factsOf } from "./call.ts";
import type { Door } from "./door.ts";
import type { Target } from "./facts.ts";
import type { Received } from "./received.ts";

/** The verdict over one record, wherever it came from. */
export function judge(record: KeyRecord | null, call: Call, target: Target, door: Door): Verdict {
  if (record !== null && door.policy.denyKeys.has(record.id)) return deny({ reason: "key_denied" });
  return decide(record, factsOf(call, target), call.now);
}

/**
 * The verdict that counts, on a record that storage stands for.
 *
 * @param at the instant that it is reached at; the instant that the call is judged at stays the one it came at
 */
export function settle(call: Call, found: Found, target: Target, door: Door, at: number): Verdict {
  call.found = found;
  call.key = found.record;
  call.decidedAt = at;
  return judge(found.record, call, target, door);
}

// RFC 9110 section 9.2.1 for calls that the table does not know.
export function isSafe(request: Pick<Received, "method">, { operation }: Target): boolean {
  if (operation !== null) return operation.effect === "safe";
  return request.method === "GET" || request.method === "HEAD" || request.method === "OPTIONS";
}
