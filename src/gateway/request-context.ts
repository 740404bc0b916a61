// One request on its way through the gateway: what is known of it so far, and the event that is logged of it in the end.
import { api } from "#api";
import type { Denial } from "../core/access/decision.ts";
import type { Principal } from "../core/access/principal.ts";
import type { Target } from "../core/routing/match-operation.ts";
import { errorText, type LogFields } from "../log.ts";
import type { ResolvedPrincipal } from "../store/key-cache/ports.ts";
import type { Credential } from "./authentication/credential.ts";
import type { Gateway, SpeculativeForward, UpstreamFailure } from "./gateway.ts";
import { type Client, type IncomingRequest, readClient, toIncomingRequest } from "./incoming-request.ts";

/** Filled in step by step. */
export interface RequestContext {
  readonly request: IncomingRequest;
  readonly requestId: string;
  /** When the request arrived, in milliseconds since the epoch: the time that it is authorized for. */
  readonly now: number;
  /** `null`: unknown. */
  readonly client: Client | null;
  path: string | null;
  target: Target | null;
  /** What the request was authenticated by. */
  credential: Credential | null;
  found: ResolvedPrincipal | null;
  principal: Principal | null;
  denial: Denial | null;
  /** `null`: the request was not forwarded before its record was confirmed. */
  speculation: SpeculativeForward | null;
  decidedAt: number;
  /** When the request was forwarded, in milliseconds since the epoch; 0: it was not, or nothing is counted for metrics. */
  forwardedAt: number;
  /** When the upstream had answered or failed, and with which status or failure; `null`: it has not. */
  answered: { readonly at: number; readonly with: number | UpstreamFailure["failure"] } | null;
  error: unknown;
  /** What an operation that Gatehouse serves adds to the event: the id that it made or changed. */
  logFields: LogFields | null;
}

/** The context of a request of which nothing is known but what it came with. */
export function createContext(raw: Request, gateway: Gateway): RequestContext {
  const request = toIncomingRequest(raw);
  return {
    request,
    requestId: gateway.requestId(),
    now: gateway.now(),
    client: readClient(request.headers),
    path: null,
    target: null,
    credential: null,
    found: null,
    principal: null,
    denial: null,
    speculation: null,
    decidedAt: 0,
    forwardedAt: 0,
    answered: null,
    error: null,
    logFields: null,
  };
}

/** Whether a request gets its own event: errors, changes, denials within the rate limit of the log; of the rest, a sample. */
export function shouldLog(context: RequestContext, gateway: Gateway): boolean {
  const { error, denial, target, found } = context;
  if (error !== null) return true;
  if (denial !== null) return gateway.log.admitsDenial(found !== null, denial.reason, context.now);
  const unknown = target !== null && target.operation === null;
  return isChange(context) || unknown || found?.degraded === true || gateway.log.sampled();
}

/** Writes the event of a request. */
export function logRequest(context: RequestContext, status: number, gateway: Gateway): void {
  const kind = context.error !== null ? "fault" : isChange(context) && context.denial === null ? "change" : "call";
  gateway.log.write(kind, eventOf(context, status, gateway.now()));
}

function isChange({ target }: RequestContext): boolean {
  return target?.operation?.handledBy === "gatehouse" && target.operation.effect === "mutating";
}

function resourcesOf({ params }: Target): LogFields {
  const { project, cluster } = api.parameters;
  const value = (name: string | null) => (name === null ? undefined : params[name]);
  return { project_id: value(project), cluster_id: value(cluster) };
}

function eventOf(context: RequestContext, status: number, now: number): LogFields {
  const { request, target, found, denial, principal: key } = context;
  return {
    request_id: context.requestId,
    verdict: context.error !== null ? "fault" : denial !== null ? "deny" : "allow",
    ...(denial === null ? {} : { reason: denial.reason }),
    status,
    method: request.method,
    path: context.path ?? "(not canonical)",
    ...(target === null ? {} : { operation: target.operation?.operationId ?? "unknown" }),
    ...(target === null ? {} : { known_operation: target.operation !== null }),
    ...(target === null ? {} : resourcesOf(target)),
    ...(key === null ? {} : { key_id: key.id, account_id: key.accountId, role: key.role.name }),
    address: context.client?.text ?? null,
    ...(found === null ? {} : { source: found.source, age_ms: found.ageMs, degraded: found.degraded }),
    ...(context.speculation !== null ? { speculated: true } : {}),
    ...(context.decidedAt === 0 ? {} : { authorize_ms: context.decidedAt - context.now }),
    total_ms: now - context.now,
    ...(context.error === null ? {} : { error: errorText(context.error) }),
    ...(context.logFields ?? {}),
  };
}
