// What is kept of a denied request, so that it can be explained later: what was requested, by which key, and what every
// check said.
import { trace } from "../../core/access/decide.ts";
import type { Denial } from "../../core/access/decision.ts";
import { claimsOf } from "../../core/token/api-key-token.ts";
import { redact } from "../../log.ts";
import type { Background } from "../../store/common.ts";
import type { DenialEvent, DeniedRequest } from "../../store/denials/port.ts";
import { factsOf } from "../authorize.ts";
import type { Gateway } from "../gateway.ts";
import type { RequestContext } from "../request-context.ts";
import { reportCanary } from "./report-canary.ts";

/**
 * Count a denial, keep the request, and raise the alarm of a canary key.
 *
 * @param inFlood whether it has no event of its own in the log
 */
export function recordDenial(
  context: RequestContext,
  denial: Denial,
  inFlood: boolean,
  gateway: Gateway,
  background: Background,
): void {
  const owner = ownerOf(context) ?? { accountId: context.target?.accountId ?? null, keyId: null };
  const event = { at: context.now, ...owner, reason: denial.reason };
  gateway.denials.record(event, () => detailsOf(context, event), inFlood, background);
  reportCanary(context, gateway, background);
}

/** The principal; before its record is read, the key whose signature is valid. `null`: there is no valid credential. */
function ownerOf({ principal, credential, found }: RequestContext): Pick<DenialEvent, "accountId" | "keyId"> | null {
  if (principal !== null) return { accountId: principal.accountId, keyId: principal.id };
  if (found !== null || credential === null || credential.keyHash === null) return null;
  const { accountId, keyId } = claimsOf(credential.text);
  return typeof accountId === "string" && typeof keyId === "string" ? { accountId, keyId } : null;
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
