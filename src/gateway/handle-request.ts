// One request, from its arrival to its response, in nine numbered steps. Keys and operators take the same ones.
// An early return is a denial, unless the step answers the request itself. Whatever throws is answered 503: no response of the
// upstream reaches a client whose request could not be authorized.
import { isAlwaysAllowed } from "../core/access/decide.ts";
import type { Decision, Denial } from "../core/access/decision.ts";
import { isPlainPath } from "../core/routing/canonical-path.ts";
import { isReservedPath, matchOperation } from "../core/routing/match-operation.ts";
import type { Background } from "../store/common.ts";
import type { Need, PendingKey, ResolvedPrincipal } from "../store/key-cache/ports.ts";
import { authenticateKey } from "./authentication/api-key.ts";
import { authenticateOperator } from "./authentication/operator.ts";
import { authorize, evaluate, isSafe } from "./authorize.ts";
import type { Gateway } from "./gateway.ts";
import { readFields } from "./incoming-request.ts";
import { dispatch } from "./proxy/dispatch.ts";
import { allowedOrigin, isPreflight, preflightResponse, withCorsHeaders } from "./public/cors.ts";
import { countRequest } from "./recording/count-request.ts";
import { recordDenial } from "./recording/record-denial.ts";
import { recordUse } from "./recording/record-use.ts";
import { createContext, logRequest, type RequestContext, shouldLog } from "./request-context.ts";
import { deny, serviceUnavailable } from "./responses/denial.ts";
import { addExpiryNotice } from "./responses/expiry-notice.ts";
import { asksForWebSocket, isAllowedHost, readRequestLine, validateRequest } from "./validate-request.ts";

/**
 * Answer one request.
 *
 * @param background keeps work alive after the response: `ExecutionContext.waitUntil`
 */
export async function handleRequest(request: Request, gateway: Gateway, background: Background): Promise<Response> {
  const context = createContext(request, gateway);
  let response: Response;
  try {
    response = await respond(context, gateway, background);
  } catch (error) {
    // Storage is unavailable, a row is corrupt, or there is a bug: fail closed.
    context.error = error;
    const detail = "The request cannot be processed right now. Retry later.";
    response = serviceUnavailable("unavailable", detail, context.requestId);
  }
  // Nothing of a speculative response goes out, unless step 9 has taken it.
  context.speculation?.cancel();
  const logged = shouldLog(context, gateway);
  if (context.denial !== null) recordDenial(context, context.denial, !logged, gateway, background);
  if (logged) logRequest(context, response.status, gateway);
  if (gateway.metrics !== null) countRequest(context, gateway.metrics, background);
  // Every response here is the gateway's own, or its copy of the upstream's.
  response.headers.set("gatehouse-request-id", context.requestId);
  const expiresAt = context.principal?.expiresAt;
  if (expiresAt && context.credential?.keyHash) addExpiryNotice(response.headers, expiresAt, context.now);
  // RFC 9110 section 12.5.5: of one URL, an operator gets the response of the account that this header names.
  if (context.credential?.keyHash === null) response.headers.append("vary", "Gatehouse-Account");
  const { origins, cors } = gateway.policy;
  if (origins.size === 0) return response;
  return withCorsHeaders(allowedOrigin(context.request.headers, origins), response, cors);
}

async function respond(context: RequestContext, gateway: Gateway, background: Background): Promise<Response> {
  const { request } = context;
  const { policy } = gateway;

  // 1. Request line.
  const line = readRequestLine(request);
  if ("reason" in line) return deny(context, line, gateway);
  const { path, query } = line;
  context.path = path;

  // 2. Public paths and preflights, which need no credential.
  const isPublic = isReservedPath(path);
  const preflight = request.method === "OPTIONS" && isPreflight(request);
  if ((isPublic || preflight) && !isAllowedHost(request.headers, request.url, policy.hosts))
    return deny(context, NOT_SERVED, gateway);
  if (isPublic) {
    if (!isPlainPath(path)) return deny(context, { reason: "path_not_canonical" }, gateway);
    const { servePublic } = await import("./public/public-paths.ts");
    const response = servePublic(context, path, gateway, background);
    if (response !== null) return response;
  }
  if (preflight) {
    const response = preflightResponse(request.headers, policy.origins, policy.cors);
    return "reason" in response ? deny(context, response, gateway) : response;
  }

  // 3. Authenticate. A forged key ends here, without a read from storage; an operator's token is verified with its record in 7.
  const credential =
    authenticateKey(context, gateway, background) ?? (await authenticateOperator(context, gateway, background));
  if ("reason" in credential) return deny(context, credential, gateway);
  context.credential = credential;

  // 4. Match the operation.
  const target = matchOperation(request.method, path, query, gateway.operations);
  if ("reason" in target) return deny(context, target, gateway);
  context.target = target;
  const reads = isSafe(request.method, target);

  // 5. Authorize on the cached record, if that is fresh enough: such a denial costs nothing more.
  const cached = policy.strongCheck !== "all" && reads ? credential.cached : null;
  let decision: Decision | null = cached === null ? null : authorize(context, cached, target, gateway, context.now);
  if (decision?.allow === false) return deny(context, decision.denial, gateway);

  // 6. Validate the rest of the request.
  const fields = readFields(request);
  const upgrading = asksForWebSocket(fields);
  const invalid = validateRequest(request, fields, credential, target, upgrading, policy);
  if (invalid !== null) return deny(context, invalid, gateway);

  // 7. Authorize on the stored record otherwise; a connection that stays open, always.
  let limited: Denial | null | undefined;
  if (decision === null || upgrading) {
    const safe = reads && !upgrading;
    const need: Need = {
      fromPrimary: policy.strongCheck === "all" || !safe,
      // Sent ahead is a request without a body: a body, as of a POST that reads, cannot be sent twice.
      allowUnconfirmed:
        safe &&
        policy.speculativeForwarding &&
        (request.method === "GET" || request.method === "HEAD") &&
        target.operation?.handledBy !== "gatehouse",
    };
    let found: ResolvedPrincipal | PendingKey | Denial = await credential.resolve(target, need);
    if ("reason" in found) return deny(context, found, gateway);
    if ("result" in found) {
      if (need.allowUnconfirmed && evaluate(found.cached, context, target, gateway).allow) {
        // Counted before anything reaches the upstream, and denied by it only when the record is confirmed.
        limited = await gateway.limits.countRequest(found.cached.id);
        const { startSpeculativeForward } = await import("./proxy/speculative-forward.ts");
        if (limited === null) {
          context.speculation = await startSpeculativeForward(context, target, found.cached, gateway);
        }
      }
      found = await found.result;
    }
    decision = authorize(context, found, target, gateway, gateway.now());
    if (!decision.allow) return deny(context, decision.denial, gateway);
  }

  // 8. Rate limit the principal, and record its use.
  const { principal } = decision;
  const unlimited = target.operation?.selfAlways === true && isAlwaysAllowed(principal, target);
  if (limited === undefined && !unlimited) {
    const counted = gateway.limits.countRequest(principal.id);
    limited = counted && (await counted);
  }
  if (limited) return deny(context, limited, gateway);
  recordUse(context, target, principal, gateway, background);

  // 9. Serve, relay or forward.
  if (upgrading && credential.keyHash !== null) {
    const { upgrade } = await import("./proxy/websocket.ts");
    return upgrade(context, target, principal, gateway, background);
  }
  return dispatch(context, target, principal, gateway, background);
}

const NOT_SERVED: Denial = { reason: "host_not_served" };
