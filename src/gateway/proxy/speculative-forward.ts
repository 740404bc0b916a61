// Speculative forwarding: a safe request goes to the upstream while its key's record is being confirmed. The client waits for
// the longer of the two, not for their sum.
import type { KeyRecord } from "../../core/access/principal.ts";
import type { Target } from "../../core/routing/match-operation.ts";
import type { Gateway, SpeculativeForward } from "../gateway.ts";
import type { RequestContext } from "../request-context.ts";
import { forwardOptions, startForward } from "./forward.ts";

/**
 * Forward a safe request with the identity of a record that is not confirmed yet.
 *
 * @param cached the record, which allows the request
 * @returns its response, which only step 9 takes; otherwise the end of the request cancels it
 */
export async function startSpeculativeForward(
  context: RequestContext,
  target: Target,
  cached: KeyRecord,
  gateway: Gateway,
): Promise<SpeculativeForward> {
  const identity = await gateway.identity.tokenFor(cached, context.request.method, target.path, context.now);
  const options = forwardOptions(context, target, identity);
  if (gateway.metrics !== null) context.forwardedAt = gateway.now();
  const { response, cancel } = startForward(context.request, options, gateway.upstream);
  let isTaken = false;
  return {
    version: cached.version,
    take() {
      isTaken = true;
      return response;
    },
    cancel() {
      if (!isTaken) cancel();
    },
  };
}
