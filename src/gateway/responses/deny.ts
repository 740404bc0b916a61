// The end of a call that may not pass: its denial is noted where the log will find it, and bad tries are counted.
import type { Denial } from "../../core/access/decision.ts";
import type { Gateway } from "../gateway.ts";
import { clientOf, type RequestContext } from "../request-context.ts";
import { denialResponse } from "./denial.ts";

const AUTH_FAILURES: ReadonlySet<Denial["reason"]> = new Set([
  "token_malformed",
  "signature_invalid",
  "key_unknown",
  "operator_token_invalid",
]);

/** Turns a call away whose key is none, and counts how often its address has tried. */
export function denyAndCount(context: RequestContext, denial: Denial, gateway: Gateway): Response | Promise<Response> {
  const counted = AUTH_FAILURES.has(denial.reason)
    ? gateway.limits.countAuthFailure(clientOf(context), context.now)
    : null;
  return counted === null ? deny(context, denial) : counted.then((tooMany) => deny(context, tooMany ?? denial));
}

/** Answers a refused call, and leaves the reason to the log. */
export function deny(context: RequestContext, denial: Denial): Response {
  context.denial = denial;
  return denialResponse(denial, context.requestId);
}
