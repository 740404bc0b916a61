// Authorization of a request on a record, wherever the record came from. Sends nothing.
import { decide, type RequestFacts } from "../core/access/decide.ts";
import { type Decision, denied } from "../core/access/decision.ts";
import type { Principal } from "../core/access/principal.ts";
import type { Target } from "../core/routing/match-operation.ts";
import type { ResolvedPrincipal } from "../store/key-cache/ports.ts";
import type { Gateway } from "./gateway.ts";
import type { RequestContext } from "./request-context.ts";

/** Everything that a decision depends on, besides the record. */
export function factsOf({ client }: Pick<RequestContext, "client">, target: Target): RequestFacts {
  const { accountId, operation, params } = target;
  return { address: client === null ? null : client.address, accountId, operation, params };
}

/** The decision on one record: `null` is a key that does not exist. */
export function evaluate<P extends Principal>(
  record: P | null,
  context: RequestContext,
  target: Target,
  gateway: Gateway,
): Decision<P> {
  if (record !== null && gateway.policy.blockedKeyIds.has(record.id)) return denied({ reason: "key_denied" });
  return decide(record, factsOf(context, target), context.now);
}

/**
 * The decision that counts: on a record that is confirmed, and noted in the context for the log.
 *
 * @param at when the decision is made, in milliseconds since the epoch; what it is made for is the time of arrival
 */
export function authorize<P extends Principal>(
  context: RequestContext,
  found: ResolvedPrincipal<P>,
  target: Target,
  gateway: Gateway,
  at: number,
): Decision<P> {
  context.found = found;
  context.principal = found.record;
  context.decidedAt = at;
  return evaluate(found.record, context, target, gateway);
}

/** Whether a request only reads. RFC 9110 section 9.2.1 decides for an operation that the table does not know. */
export function isSafe(method: string, { operation }: Target): boolean {
  if (operation !== null) return operation.effect === "safe";
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}
