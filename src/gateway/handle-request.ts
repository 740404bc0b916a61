// The whole story of a call, from top to bottom: credential -> hash -> look-up -> decide -> forward | serve | refuse.
// Knows no table, no binding and no status; whatever throws in here leaves the door shut.
// What is known waits for nothing: a function here is async only where it has something to ask.

import type { Denial } from "../core/access/decision.ts";
import type { KeyHash, KeyRecord } from "../core/access/principal.ts";
import { isPublicPath } from "../core/routing/match-operation.ts";
import { hashIfKeyShaped, parseToken, verifyToken } from "../core/token/api-key-token.ts";
import type { Background } from "../store/common.ts";
import type { PendingKey, ResolvedKey } from "../store/key-cache/ports.ts";
import { BEARER_LENGTH, isBearer, readCredential } from "./authentication/bearer-token.ts";
import { authorize, evaluate, isSafe } from "./authorize.ts";
import type { Gateway } from "./gateway.ts";
import { dispatch } from "./proxy/dispatch.ts";
import { allowedOrigin, answerPreflight, isPreflight, withCorsHeaders } from "./public/cors.ts";
import { recordDenial } from "./recording/record-denial.ts";
import { recordUse } from "./recording/record-use.ts";
import { clientOf, createContext, logRequest, type RequestContext, shouldLog } from "./request-context.ts";
import { serviceUnavailable } from "./responses/denial.ts";
import { deny, denyAndCount } from "./responses/deny.ts";
import { isAllowedHost, readPath, readTarget, type Target, validateRequest } from "./validate-request.ts";

/** An answer that may be there at once. */
type Answer = Response | Promise<Response>;

/**
 * Answer one call, whatever it is. Never throws, and never rejects.
 *
 * @param background keeps work alive behind the answer: `ExecutionContext.waitUntil`
 */
export function handleRequest(request: Request, gateway: Gateway, background: Background): Answer {
  const context = createContext(request, gateway);
  const done = (response: Response) => conclude(context, response, gateway, background);
  const failed = (error: unknown) => {
    // Storage is away, a row cannot be read, or the code is wrong: no answer, no entry.
    context.error = error;
    return done(serviceUnavailable("unavailable", "The call cannot be decided now. Try again.", context.requestId));
  };
  let answer: Answer;
  try {
    answer = pass(context, gateway, background);
  } catch (error) {
    return failed(error);
  }
  return answer instanceof Response ? done(answer) : answer.then(done, failed);
}

function conclude(context: RequestContext, response: Response, gateway: Gateway, background: Background): Response {
  const logged = shouldLog(context, gateway);
  if (context.denial !== null) recordDenial(context, context.denial, logged, gateway, background);
  if (logged) logRequest(context, response.status, gateway);
  const origin = allowedOrigin(context.request.headers, gateway.policy.origins);
  return origin === null ? response : withCorsHeaders(origin, response);
}

function pass(context: RequestContext, gateway: Gateway, background: Background): Answer {
  // What is asked, before anybody is asked who asks.
  const path = readPath(context.request);
  if (typeof path !== "string") return deny(context, path);
  context.path = path;
  return isPublicPath(path)
    ? passOpen(context, path, gateway, background)
    : passOther(context, path, gateway, background);
}

async function passOpen(
  context: RequestContext,
  path: string,
  gateway: Gateway,
  background: Background,
): Promise<Response> {
  if (!isAllowedHost(context.request, gateway.policy.hosts)) return deny(context, { reason: "host_not_served" });
  const open = (await import("./public/public-paths.ts")).servePublic(context, path, gateway, background);
  return await (open ?? passOther(context, path, gateway, background));
}

function passOther(context: RequestContext, path: string, gateway: Gateway, background: Background): Answer {
  if (!isPreflight(context.request)) return passCaller(context, path, gateway, background);
  if (!isAllowedHost(context.request, gateway.policy.hosts)) return deny(context, { reason: "host_not_served" });
  const answer = answerPreflight(context.request.headers, gateway.policy.origins);
  return answer instanceof Response ? answer : deny(context, answer);
}

function passCaller(context: RequestContext, path: string, gateway: Gateway, background: Background): Answer {
  // Who asks. What is remembered was read and verified when it came: the same text needs no second look.
  const authorization = context.request.headers.get("authorization");
  const isKeyLike = authorization !== null && isBearer(authorization);
  const hash = isKeyLike ? hashIfKeyShaped(gateway.ring, authorization, BEARER_LENGTH) : null;
  if (!isKeyLike || hash === null)
    return passStranger(context, path, readCredential(authorization), gateway, background);
  const cached = gateway.keys.getCached(hash, context.now, background);
  if (cached === null) {
    const denial = doubtsAbout(authorization, gateway);
    // A made-up key ends here: it costs no storage read, and leaves nothing behind.
    if (denial !== null) return denyAndCount(context, denial, gateway);
    const barred = gateway.limits.isBlocked(clientOf(context), context.now);
    if (barred !== null) return deny(context, barred);
  }

  // What they ask for, and whether they may, as far as that is known here.
  const target = readTarget(context.request, path, gateway.routes);
  if ("reason" in target) return deny(context, target);
  context.target = target;
  const suffices = gateway.policy.strongCheck !== "all" && isSafe(context.request, target);
  const decision = cached !== null && suffices ? authorize(context, cached, target, gateway, context.now) : null;
  if (decision !== null && !decision.allow) return denyAndCount(context, decision.denial, gateway);

  // What they bring along: looked at only in a call that is likely to go on.
  const unfit = validateRequest(context.request, authorization.slice(BEARER_LENGTH), gateway.policy);
  if (unfit !== null) return deny(context, unfit);
  const upgrading = context.request.headers.has("upgrade");
  if (decision === null || upgrading)
    return passUnsettled(context, hash, cached, target, upgrading, gateway, background);
  return admit(context, target, decision.key, gateway, background);
}

/** The way of a call without a key of ours: it may be a person's, where an issuer is trusted. */
function passStranger(
  context: RequestContext,
  path: string,
  credential: string | Denial,
  gateway: Gateway,
  background: Background,
): Answer {
  const denied = () =>
    typeof credential === "string"
      ? denyAndCount(context, { reason: "token_malformed" }, gateway)
      : deny(context, credential);
  if (gateway.operators === null) return denied();
  // What reads a person's token loads with the first one.
  return import("./authentication/operator.ts")
    .then(({ authenticateOperator: passOperator }) => passOperator(context, path, credential, gateway, background))
    .then((answer) => answer ?? denied());
}

/** What speaks against a text that is not remembered being a key that we have signed. */
function doubtsAbout(authorization: string, { ring }: Gateway): Denial | null {
  const credential = readCredential(authorization);
  if (typeof credential !== "string") return credential;
  const token = parseToken(ring, credential);
  if (token === null) return { reason: "token_malformed" };
  return verifyToken(ring, token) ? null : { reason: "signature_invalid" };
}

/** The way of a call that what is remembered does not settle: storage is asked about its key first. */
async function passUnsettled(
  context: RequestContext,
  hash: KeyHash,
  cached: ResolvedKey | null,
  target: Target,
  upgrading: boolean,
  gateway: Gateway,
  background: Background,
): Promise<Response> {
  const { strongCheck, speculativeForwarding } = gateway.policy;
  const { method } = context.request;
  const safe = isSafe(context.request, target) && !upgrading;
  const exact = strongCheck === "all" || (strongCheck === "mutations" && !safe);
  // An OPTIONS may have content, which cannot be sent a second time.
  const ahead = safe && speculativeForwarding && method !== "OPTIONS" && target.operation?.handledBy !== "gatehouse";
  let found: ResolvedKey | PendingKey =
    cached !== null && !exact
      ? cached
      : await gateway.keys.resolve(hash, { fromPrimary: exact, allowUnconfirmed: ahead }, background);
  if ("result" in found) {
    const early = ahead ? evaluate(found.cached, context, target, gateway) : null;
    if (early?.allow) {
      const { forwardSpeculatively: sendAhead } = await import("./proxy/speculative-forward.ts");
      return await sendAhead(context, target, found, gateway, background);
    }
    found = await found.result;
  }
  const decision = authorize(context, found, target, gateway, gateway.now());
  if (!decision.allow) return await denyAndCount(context, decision.denial, gateway);
  // The grace is for calls that only read, also where STRONG_CHECK=none lets changes live on what is remembered.
  if (found.degraded && !safe) throw new Error("a change waits until D1 can be asked about its key again");
  if (!upgrading) return await admit(context, target, decision.key, gateway, background);

  const tooMany = await gateway.limits.countRequest(decision.key.id);
  if (tooMany !== null) return deny(context, tooMany);
  recordUse(context, target, decision.key, gateway, background);
  const { upgrade } = await import("./proxy/websocket.ts");
  return await upgrade(context, target, decision.key, hash, gateway, background);
}

/** And what becomes of a call that may pass, unless its key is used too often. */
function admit(
  context: RequestContext,
  target: Target,
  key: KeyRecord,
  gateway: Gateway,
  background: Background,
): Answer {
  const enter = (tooMany: Denial | null): Answer => {
    if (tooMany !== null) return deny(context, tooMany);
    recordUse(context, target, key, gateway, background);
    return dispatch(context, target, key, gateway, background);
  };
  const counted = gateway.limits.countRequest(key.id);
  return counted === null ? enter(null) : counted.then(enter);
}
