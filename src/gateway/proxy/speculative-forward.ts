// Speculation: a safe call goes to the upstream while the check of its key is still under way.
import type { Decision, Denial } from "../../core/access/decision.ts";
import type { KeyRecord } from "../../core/access/principal.ts";
import type { Background } from "../../store/common.ts";
import type { PendingKey } from "../../store/key-cache/ports.ts";
import { authorize } from "../authorize.ts";
import type { Gateway } from "../gateway.ts";
import { recordUse } from "../recording/record-use.ts";
import type { RequestContext } from "../request-context.ts";
import { denyAndCount } from "../responses/deny.ts";
import type { Target } from "../validate-request.ts";
import { forwardOptions, toClientResponse } from "./dispatch.ts";
import { forward, startForward } from "./forward.ts";

/**
 * Send a safe call to the upstream while its check is under way: what the caller waits for is the longer of the two, not
 * their sum. Nothing of the answer is let out before the check has agreed.
 */
export async function forwardSpeculatively(
  context: RequestContext,
  target: Target,
  { cached, result: confirmed }: PendingKey,
  gateway: Gateway,
  background: Background,
): Promise<Response> {
  context.speculated = true;
  const told = forwardOptions(context, target, await gateway.identity.tokenFor(cached, context.now));
  const pending = startForward(context.request, told, gateway.upstream);
  let decision: Decision<KeyRecord>;
  try {
    decision = authorize(context, await confirmed, target, gateway, gateway.now());
  } catch (error) {
    pending.cancel();
    throw error;
  }
  const denial = decision.allow ? await gateway.limits.countRequest(decision.key.id) : decision.denial;
  if (!decision.allow || denial !== null) {
    pending.cancel();
    return await denyAndCount(context, denial as Denial, gateway);
  }
  recordUse(context, target, decision.key, gateway, background);
  if (decision.key.version === cached.version) return toClientResponse(await pending.response, context, gateway);
  // Allowed, but no longer as the upstream was told: asked again with the identity as it is now.
  pending.cancel();
  const options = forwardOptions(context, target, await gateway.identity.tokenFor(decision.key, context.now));
  return toClientResponse(await forward(context.request, options, gateway.upstream), context, gateway);
}
