// Speculative forwarding: a safe request goes to the upstream while its key's record is being confirmed.
import type { Decision, Denial } from "../../core/access/decision.ts";
import type { Target } from "../../core/routing/match-operation.ts";
import type { Background } from "../../store/common.ts";
import type { PendingKey } from "../../store/key-cache/ports.ts";
import { authorize } from "../authorize.ts";
import type { Gateway } from "../gateway.ts";
import { recordUse } from "../recording/record-use.ts";
import type { RequestContext } from "../request-context.ts";
import { deny } from "../responses/denial.ts";
import { forwardOptions, toClientResponse } from "./dispatch.ts";
import { forward, startForward } from "./forward.ts";
import { reauthorization } from "./reauthorize.ts";

/**
 * Forward a safe request while its record is being confirmed: the client waits for the longer of the two, not for their
 * sum. No part of the upstream's response goes out before the confirmed record allows it.
 *
 * @throws when the record cannot be confirmed
 */
export async function forwardSpeculatively(
  context: RequestContext,
  target: Target,
  { cached, result }: PendingKey,
  gateway: Gateway,
  background: Background,
): Promise<Response> {
  context.speculated = true;
  const open = () => reauthorization(context, target, gateway, background);
  const guess = forwardOptions(context, target, await gateway.identity.tokenFor(cached, context.now));
  const pending = startForward(context.request, guess, gateway.upstream);
  let decision: Decision;
  try {
    decision = authorize(context, await result, target, gateway, gateway.now());
  } catch (error) {
    pending.cancel();
    throw error;
  }
  const denial = decision.allow ? await gateway.limits.countRequest(decision.key.id) : decision.denial;
  if (!decision.allow || denial !== null) {
    pending.cancel();
    return await deny(context, denial as Denial, gateway);
  }
  recordUse(context, target, decision.key, gateway, background);
  if (decision.key.version === cached.version) return toClientResponse(await pending.response, context, gateway, open);
  // Allowed, but the upstream was told an identity that has changed: forward again with the current one.
  pending.cancel();
  const options = forwardOptions(context, target, await gateway.identity.tokenFor(decision.key, context.now));
  return toClientResponse(await forward(context.request, options, gateway.upstream, open), context, gateway, open);
}
