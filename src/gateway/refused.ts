// What is kept of a refused call, so that somebody can ask why: what was asked, by which key, and what every check said.
import { trace } from "../core/decide.ts";
import type { Denial } from "../core/verdict.ts";
import { redact } from "../log.ts";
import type { Background } from "../store/ports.ts";
import type { Call } from "./call.ts";
import type { Door } from "./door.ts";
import { factsOf } from "./facts.ts";

/** Hands a refusal to whoever counts and keeps them. */
export function noteRefusal(call: Call, denial: Denial, door: Door, background: Background): void {
  const { request, target, found, key } = call;
  const checked = key === null || target === null ? [] : trace(key, factsOf(call, target), call.now).steps;
  door.refused.note(
    {
      requestId: call.requestId,
      at: call.now,
      accountId: key?.accountId ?? target?.accountId ?? null,
      keyId: key?.id ?? null,
      reason: denial.reason,
      method: request.method,
      // A path is whatever the caller has made of it.
      path: call.path === null ? null : redact(call.path),
      operation: target?.operation?.operationId ?? null,
      address: call.caller?.text ?? null,
      source: found?.source ?? null,
      ageMs: found?.ageMs ?? null,
      version: key?.version ?? null,
      steps: checked.map(({ check, denial }) => ({ check, reason: denial?.reason ?? null })),
    },
    background,
  );
}
