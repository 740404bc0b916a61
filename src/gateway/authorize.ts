// Authorization of a request on a record, wherever the record came from. Sends nothing.
import { decide, type RequestFacts } from "../core/access/decide.ts";
import { type Decision, deny } from "../core/access/decision.ts";
import type { KeyRecord } from "../core/access/principal.ts";
import type { Target } from "../core/routing/match-operation.ts";
import type { ResolvedKey } from "../store/key-cache/ports.ts";
import type { Gateway } from "./gateway.ts";
import type { RequestContext } from "./request-context.ts";

/** Everything that a decision depends on, besides the record. */
export function factsOf({ client }: Pick<RequestContext, "client">, target: Target): RequestFacts {
  const { accountId, operation, params } = target;
  return { address: client === null ? null : client.address, accountId, operation, params };
}

/** The decision on one record: `null` is a key that does not exist. */
export function evaluate(
  record: KeyRecord | null,
  context: RequestContext,
  target: Target,
  gateway: Gateway,
): Decision {
  if (record !== null && gateway.policy.blockedKeyIds.has(record.id)) return deny({ reason: "key_denied" });
  return decide(record, factsOf(context, target), context.now);
}

/**
 * The decision that counts: on a record that is confirmed, and noted in the context for the log.
 *
 * @param at when the decision is made, in milliseconds since the epoch; what it is made for is the time of arrival
 */
export function authorize(
  context: RequestContext,
  found: ResolvedKey,
  target: Target,
  gateway: Gateway,
  at: number,
): Decision {
  context.found = found;
  context.key = found.record;
  context.decidedAt = at;
  return evaluate(found.record, context, target, gateway);
}

/** Whether a request only reads. RFC 9110 section 9.2.1 decides for an operation that the table does not know. */
export function isSafe(method: string, { operation }: Target): boolean {
  if (operation !== null) return operation.effect === "safe";
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}
