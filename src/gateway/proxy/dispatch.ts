// What becomes of a call that may pass: Gatehouse serves it, or the upstream answers it.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import type { Principal } from "../../core/access/principal.ts";
import type { Operation } from "../../core/routing/operations.ts";
import type { Background } from "../../store/common.ts";
import type { Gateway, UpstreamFailure } from "../gateway.ts";
import { clientOf, type RequestContext } from "../request-context.ts";
import { upstreamErrorResponse } from "../responses/denial.ts";
import type { Target } from "../validate-request.ts";
import { type ForwardOptions, forward } from "./forward.ts";
import { filterUpstreamResponse } from "./upstream-response.ts";

/** Answers a call that may pass: here, or by the upstream. */
export function dispatch(
  context: RequestContext,
  target: Target,
  key: Principal,
  gateway: Gateway,
  background: Background,
): Promise<Response> {
  if (target.operation?.handledBy === "gatehouse") return serve(context, target, key, gateway, background);
  const send = (identity: string): Promise<Response> =>
    forward(context.request, forwardOptions(context, target, identity), gateway.upstream).then((answer) =>
      toClientResponse(answer, context, gateway),
    );
  const identity = gateway.identity.tokenFor(key, context.now);
  return typeof identity === "string" ? send(identity) : identity.then(send);
}

function serve(
  context: RequestContext,
  target: Target,
  principal: Principal,
  gateway: Gateway,
  background: Background,
): Promise<Response> {
  const authorised: AuthorizedRequest = {
    raw: context.raw,
    path: target.path,
    query: target.query,
    operation: target.operation as Operation,
    principal,
    address: clientOf(context)?.text ?? null,
    requestId: context.requestId,
    now: context.now,
    log: {
      set(facts) {
        context.logFields = { ...context.logFields, ...facts };
      },
    },
  };
  return gateway.handleAdmin(authorised, background);
}

/** What the upstream is told of a call. */
export function forwardOptions(context: RequestContext, target: Target, identity: string): ForwardOptions {
  return {
    path: target.path,
    query: target.query,
    identity,
    operation: target.operation?.operationId ?? "unknown",
    requestId: context.requestId,
    address: clientOf(context)?.text ?? null,
  };
}

/** The client's answer, from the upstream's or from none. */
export function toClientResponse(
  answer: Response | UpstreamFailure,
  context: RequestContext,
  gateway: Gateway,
): Response {
  if (!("failure" in answer)) return filterUpstreamResponse(context.request, answer, gateway.upstream);
  context.error = new Error(`the upstream gave no answer: ${answer.failure}`, { cause: answer.cause });
  return upstreamErrorResponse(answer, context.requestId);
}
