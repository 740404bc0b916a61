// What is kept of a denied request, so that it can be explained later: what was requested, by which key, and what every
// check said.
import { trace } from "../../core/access/decide.ts";
import type { Denial } from "../../core/access/decision.ts";
import { redact } from "../../log.ts";
import type { Background } from "../../store/common.ts";
import type { DenialEvent, DeniedRequest } from "../../store/denials/port.ts";
import { factsOf } from "../authorize.ts";
import type { Gateway } from "../gateway.ts";
import type { RequestContext } from "../request-context.ts";

/**
 * Count a denial, and keep the request.
 *
 * @param keep whether the request itself is kept: in a flood only what has its own event in the log
 */
export function recordDenial(
  context: RequestContext,
  denial: Denial,
  keep: boolean,
  gateway: Gateway,
  background: Background,
): void {
  const { principal: key, target } = context;
  const event = {
    at: context.now,
    accountId: key?.accountId ?? target?.accountId ?? null,
    keyId: key?.id ?? null,
    reason: denial.reason,
  };
  gateway.denials.record(event, keep ? detailsOf(context, event) : null, background);
}

function detailsOf(context: RequestContext, event: DenialEvent): DeniedRequest {
  const { target, found, principal: key } = context;
  const steps = key === null || target === null ? [] : trace(key, factsOf(context, target), context.now).steps;
  return {
    ...event,
    requestId: context.requestId,
    method: context.request.method,
    // The client chose the path: it may hold a secret.
    path: context.path === null ? null : redact(context.path),
    operation: target?.operation?.operationId ?? null,
    address: context.client?.text ?? null,
    source: found?.source ?? null,
    ageMs: found?.ageMs ?? null,
    version: key?.version ?? null,
    steps: steps.map(({ check, denial }) => ({ check, reason: denial?.reason ?? null })),
  };
}
