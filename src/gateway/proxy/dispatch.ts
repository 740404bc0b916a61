// What becomes of an allowed request: Gatehouse serves it, or forwards it to the upstream.
import type { Principal } from "../../core/access/principal.ts";
import type { Target } from "../../core/routing/match-operation.ts";
import type { Operation } from "../../core/routing/operations.ts";
import type { Background } from "../../store/common.ts";
import type { Gateway, UpstreamFailure } from "../gateway.ts";
import type { RequestContext } from "../request-context.ts";
import { upstreamErrorResponse } from "../responses/denial.ts";
import { type ForwardOptions, forward } from "./forward.ts";
import { filterUpstreamResponse } from "./upstream-response.ts";

/** Serve an allowed request here, or forward it. Rejects when an operation of our own throws. */
export async function dispatch(
  context: RequestContext,
  target: Target,
  principal: Principal,
  gateway: Gateway,
  background: Background,
): Promise<Response> {
  if (target.operation?.handledBy === "gatehouse") return serveHere(context, target, principal, gateway, background);
  const identity = gateway.identity.tokenFor(principal, context.now);
  const options = forwardOptions(context, target, typeof identity === "string" ? identity : await identity);
  return toClientResponse(await forward(context.request, options, gateway.upstream), context, gateway);
}

function serveHere(
  context: RequestContext,
  target: Target,
  principal: Principal,
  gateway: Gateway,
  background: Background,
): Promise<Response> {
  const { request, client, requestId, now } = context;
  return gateway.handleAdmin(
    {
      raw: request.raw,
      path: target.path,
      query: target.query,
      operation: target.operation as Operation,
      principal,
      address: client?.text ?? null,
      requestId,
      now,
      log: {
        set(fields) {
          context.logFields = { ...context.logFields, ...fields };
        },
      },
    },
    background,
  );
}

/** What the upstream is told about a request. */
export function forwardOptions(context: RequestContext, target: Target, identity: string): ForwardOptions {
  return {
    path: target.path,
    query: target.query,
    identity,
    operation: target.operation?.operationId ?? "unknown",
    requestId: context.requestId,
    address: context.client?.text ?? null,
  };
}

/** The client's response: the upstream's, or an error when the upstream gave none. */
export function toClientResponse(
  response: Response | UpstreamFailure,
  context: RequestContext,
  gateway: Gateway,
): Response {
  if (!("failure" in response)) return filterUpstreamResponse(context.request, response, gateway.upstream);
  context.error = new Error(`the upstream gave no answer: ${response.failure}`, { cause: response.cause });
  return upstreamErrorResponse(response, context.requestId);
}
