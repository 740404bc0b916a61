// What becomes of an allowed request: Gatehouse serves it, or forwards it to the upstream.
import type { Principal } from "../../core/access/principal.ts";
import type { Target } from "../../core/routing/match-operation.ts";
import type { Background } from "../../store/common.ts";
import type { Gateway } from "../gateway.ts";
import type { RequestContext } from "../request-context.ts";
import { serve } from "../serve.ts";
import { forward, forwardOptions } from "./forward.ts";
import { endWithKey, passThrough } from "./open-response.ts";
import { type OpenRequest, reauthorization } from "./reauthorize.ts";
import { toClientResponse } from "./upstream-response.ts";

/** Serve an allowed request here, or forward it. Rejects when an operation of our own throws. */
export async function dispatch(
  context: RequestContext,
  target: Target,
  principal: Principal,
  gateway: Gateway,
  background: Background,
): Promise<Response> {
  const open = () => reauthorization(context, target, gateway, background);
  if (target.operation?.handledBy === "gatehouse")
    return endExportWithKey(await serve(context, target, principal, gateway, background), open);
  const { speculation } = context;
  if (speculation !== null && speculation.version === principal.version) {
    return toClientResponse(await speculation.take(), context, gateway, open);
  }
  // The record has changed meanwhile: the upstream was told an identity that is not true any more.
  speculation?.cancel();
  const identity = gateway.identity.tokenFor(principal, context.request.method, target.path, context.now);
  const options = forwardOptions(context, target, typeof identity === "string" ? identity : await identity);
  if (gateway.metrics !== null) context.forwardedAt = context.decidedAt;
  return toClientResponse(await forward(context.request, options, gateway.upstream, open), context, gateway, open);
}

/** An export stays open while it is read. It ends with its key, like a response of the upstream. */
function endExportWithKey(response: Response, open: OpenRequest): Response {
  if (response.body === null || response.headers.get("content-type") !== "application/x-ndjson") return response;
  return new Response(endWithKey(response.body, null, passThrough(null), response.status, open()), response);
}
