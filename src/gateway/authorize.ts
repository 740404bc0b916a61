// Weighs a call against a record: for good, or ahead of its confirmation. Sends nothing.
import { decide } from "../core/access/decide.ts";
import { type Decision, deny } from "../core/access/decision.ts";
import type { Principal } from "../core/access/principal.ts";
import type { ResolvedPrincipal } from "../store/key-cache/ports.ts";
import type { Gateway } from "./gateway.ts";
import type { IncomingRequest } from "./lazy-request.ts";
import { factsOf, type RequestContext } from "./request-context.ts";
import type { Target } from "./validate-request.ts";

/** The verdict over one record, wherever it came from. */
export function evaluate<P extends Principal>(
  record: P | null,
  context: RequestContext,
  target: Target,
  gateway: Gateway,
): Decision<P> {
  if (record !== null && gateway.policy.blockedKeyIds.has(record.id)) return deny({ reason: "key_denied" });
  return decide(record, factsOf(context, target), context.now);
}

/**
 * The verdict that counts, on a record that storage stands for.
 *
 * @param at the instant that it is reached at; the instant that the call is judged at stays the one it came at
 */
export function authorize<P extends Principal>(
  context: RequestContext,
  found: ResolvedPrincipal<P>,
  target: Target,
  gateway: Gateway,
  at: number,
): Decision<P> {
  context.found = found;
  context.key = found.record;
  context.decidedAt = at;
  return evaluate(found.record, context, target, gateway);
}

// RFC 9110 section 9.2.1 for calls that the table does not know.
export function isSafe(request: Pick<IncomingRequest, "method">, { operation }: Target): boolean {
  if (operation !== null) return operation.effect === "safe";
  return request.method === "GET" || request.method === "HEAD" || request.method === "OPTIONS";
}
