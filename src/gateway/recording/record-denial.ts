// What is kept of a refused call, so that somebody can ask why: what was asked, by which key, and what every check said.
import { trace } from "../../core/access/decide.ts";
import type { Denial } from "../../core/access/decision.ts";
import { redact } from "../../log.ts";
import type { Background } from "../../store/common.ts";
import type { DenialEvent, DeniedRequest } from "../../store/denials/port.ts";
import type { Gateway } from "../gateway.ts";
import { clientOf, factsOf, type RequestContext } from "../request-context.ts";

/**
 * Hands a refusal to whoever counts and keeps them.
 *
 * @param whole whether the call is kept as well: of a flood, what has a line in the log
 */
export function recordDenial(
  context: RequestContext,
  denial: Denial,
  whole: boolean,
  gateway: Gateway,
  background: Background,
): void {
  const { key, target } = context;
  const refusal = {
    at: context.now,
    accountId: key?.accountId ?? target?.accountId ?? null,
    keyId: key?.id ?? null,
    reason: denial.reason,
  };
  gateway.denials.record(refusal, whole ? detailsOf(context, refusal) : null, background);
}

function detailsOf(context: RequestContext, refusal: DenialEvent): DeniedRequest {
  const { request: received, target, found, key } = context;
  const checked = key === null || target === null ? [] : trace(key, factsOf(context, target), context.now).steps;
  return {
    ...refusal,
    requestId: context.requestId,
    method: received.method,
    // A path is whatever the caller has made of it.
    path: context.path === null ? null : redact(context.path),
    operation: target?.operation?.operationId ?? null,
    address: clientOf(context)?.text ?? null,
    source: found?.source ?? null,
    ageMs: found?.ageMs ?? null,
    version: key?.version ?? null,
    steps: checked.map(({ check, denial }) => ({ check, reason: denial?.reason ?? null })),
  };
}
