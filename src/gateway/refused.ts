// What is kept of a refused call, so that somebody can ask why: what was asked, by which key, and what every check said.
import { trace } from "../core/decide.ts";
import type { Denial } from "../core/verdict.ts";
import { redact } from "../log.ts";
import type { Background, Refusal, RefusedCall } from "../store/ports.ts";
import { type Call, callerOf, factsOf } from "./call.ts";
import type { Door } from "./door.ts";

/**
 * Hands a refusal to whoever counts and keeps them.
 *
 * @param whole whether the call is kept as well: of a flood, what has a line in the log
 */
export function noteRefusal(call: Call, denial: Denial, whole: boolean, door: Door, background: Background): void {
  const { key, target } = call;
  const refusal = {
    at: call.now,
    accountId: key?.accountId ?? target?.accountId ?? null,
    keyId: key?.id ?? null,
    reason: denial.reason,
  };
  door.refused.note(refusal, whole ? wholeOf(call, refusal) : null, background);
}

function wholeOf(call: Call, refusal: Refusal): RefusedCall {
  const { received, target, found, key } = call;
  const checked = key === null || target === null ? [] : trace(key, factsOf(call, target), call.now).steps;
  return {
    ...refusal,
    requestId: call.requestId,
    method: received.method,
    // A path is whatever the caller has made of it.
    path: call.path === null ? null : redact(call.path),
    operation: target?.operation?.operationId ?? null,
    address: callerOf(call)?.text ?? null,
    source: found?.source ?? null,
    ageMs: found?.ageMs ?? null,
    version: key?.version ?? null,
    steps: checked.map(({ check, denial }) => ({ check, reason: denial?.reason ?? null })),
  };
}
