// What becomes of an allowed request: Gatehouse serves it, or forwards it to the upstream.
import type { Principal } from "../../core/access/principal.ts";
import type { Target } from "../../core/routing/match-operation.ts";
import type { Operation } from "../../core/routing/operations.ts";
import type { Background } from "../../store/common.ts";
import type { Gateway, UpstreamFailure } from "../gateway.ts";
import type { RequestContext } from "../request-context.ts";
import { deny, upstreamErrorResponse } from "../responses/denial.ts";
import { type ForwardOptions, forward } from "./forward.ts";
import { endWithKey, passThrough } from "./open-response.ts";
import { type Reauthorization, reauthorization } from "./reauthorize.ts";
import { filterUpstreamResponse } from "./upstream-response.ts";

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
    return endExportWithKey(await serveHere(context, target, principal, gateway, background), open);
  const identity = gateway.identity.tokenFor(principal, context.now);
  const options = forwardOptions(context, target, typeof identity === "string" ? identity : await identity);
  return toClientResponse(await forward(context.request, options, gateway.upstream, open), context, gateway, open);
}

/** An export goes on for as long as its reader takes: it ends with its key, like a response of the upstream. */
function endExportWithKey(response: Response, open: () => Reauthorization): Response {
  if (response.body === null || response.headers.get("content-type") !== "application/x-ndjson") return response;
  return new Response(endWithKey(response.body, null, passThrough(null), response.status, open()), response);
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

/**
 * The client's response: the upstream's, or an error when there is none.
 *
 * Never rejects: once a request was sent, nothing about its response invites the client to send it again.
 */
export async function toClientResponse(
  response: Response | UpstreamFailure,
  context: RequestContext,
  gateway: Gateway,
  open: () => Reauthorization,
): Promise<Response> {
  let failed = response;
  if (!("failure" in failed)) {
    try {
      const filtered = await filterUpstreamResponse(context.request, failed, gateway.upstream, open);
      if (!("failure" in filtered)) return filtered;
      failed = filtered;
    } catch (cause) {
      failed = { failure: "invalid", cause };
    }
  }
  if (failed.failure === "denied") return deny(context, failed.denial, gateway);
  context.error = new Error(`the upstream gave no answer: ${failed.failure}`, { cause: failed.cause });
  return upstreamErrorResponse(failed.failure, context.requestId);
}
