// One call on its way through: what has become known of it so far, and the one event that is written of it in the end.

import type { RequestFacts } from "../core/access/decide.ts";
import type { Denial } from "../core/access/decision.ts";
import type { Principal } from "../core/access/principal.ts";
import type { Address } from "../core/ip/ip-address.ts";
import type { Operation } from "../core/routing/operations.ts";
import { errorText, type LogFields } from "../log.ts";
import type { ResolvedPrincipal } from "../store/key-cache/ports.ts";
import type { Gateway } from "./gateway.ts";
import { type IncomingRequest, toIncomingRequest } from "./lazy-request.ts";
import { type Client, readClient, type Target } from "./validate-request.ts";

/** Filled in step by step; nothing in it is read to decide anything but what decided it. */
export interface RequestContext {
  /** As the runtime gave it, for the operations that Gatehouse answers itself. */
  readonly raw: Request;
  /** The same, as far as somebody has asked for it. */
  readonly request: IncomingRequest;
  readonly requestId: string;
  /** The instant that the call is judged at, in milliseconds since the epoch. */
  readonly now: number;
  /** `undefined`: not read yet. Ask `callerOf`. */
  client: Client | null | undefined;
  path: string | null;
  target: Target | null;
  found: ResolvedPrincipal | null;
  key: Principal | null;
  denial: Denial | null;
  speculated: boolean;
  decidedAt: number;
  error: unknown;
  /** What an operation of Gatehouse's own has to add: the id that it made or changed. */
  logFields: LogFields | null;
}

/** A call of which nothing is known yet. */
export function createContext(request: Request, gateway: Gateway): RequestContext {
  const received = toIncomingRequest(request);
  return {
    raw: request,
    request: received,
    requestId: gateway.requestId(),
    now: gateway.now(),
    client: undefined,
    path: null,
    target: null,
    found: null,
    key: null,
    denial: null,
    speculated: false,
    decidedAt: 0,
    error: null,
    logFields: null,
  };
}

/** Where a call comes from. One more header to read, which nobody asks for in most calls that are refused. */
export function clientOf(context: RequestContext): Client | null {
  if (context.client === undefined) context.client = readClient(context.request.headers);
  return context.client;
}

/** All that a verdict weighs about a call. */
export function factsOf(context: RequestContext, target: Target): RequestFacts {
  return new Facts(context, target);
}

// A class, so that the caller's address is read only for a key that asks for it.
class Facts implements RequestFacts {
  readonly #call: RequestContext;
  readonly accountId: string | null;
  readonly operation: Operation | null;
  readonly params: Target["params"];

  constructor(context: RequestContext, { accountId, operation, params }: Target) {
    this.#call = context;
    this.accountId = accountId;
    this.operation = operation;
    this.params = params;
  }

  get address(): Address | null {
    return clientOf(this.#call)?.address ?? null;
  }
}

/** Whether the call has an event of its own: every fault and change, refusals but for a flood; of the rest, a share. */
export function shouldLog(context: RequestContext, gateway: Gateway): boolean {
  const { error, denial, target, found } = context;
  if (error !== null) return true;
  if (denial !== null) return gateway.log.admitsDenial(found !== null, denial.reason, context.now);
  const unknown = target !== null && target.operation === null;
  return isChange(context) || unknown || found?.degraded === true || gateway.log.sampled();
}

/** Writes the call's event. */
export function logRequest(context: RequestContext, status: number, gateway: Gateway): void {
  const kind = context.error !== null ? "fault" : isChange(context) && context.denial === null ? "change" : "call";
  gateway.log.write(kind, eventOf(context, status, gateway.now()));
}

function isChange({ target }: RequestContext): boolean {
  return target?.operation?.handledBy === "gatehouse" && target.operation.effect === "mutating";
}

function eventOf(context: RequestContext, status: number, now: number): LogFields {
  const { request: received, target, found, denial, key } = context;
  return {
    request_id: context.requestId,
    verdict: context.error !== null ? "fault" : denial !== null ? "deny" : "allow",
    ...(denial === null ? {} : { reason: denial.reason }),
    status,
    method: received.method,
    path: context.path ?? "(not canonical)",
    ...(target === null ? {} : { operation: target.operation?.operationId ?? "unknown" }),
    ...(target === null ? {} : { known_operation: target.operation !== null }),
    ...(key === null ? {} : { key_id: key.id, account_id: key.accountId, role: key.role.name }),
    address: clientOf(context)?.text ?? null,
    ...(found === null ? {} : { source: found.source, age_ms: found.ageMs, degraded: found.degraded }),
    ...(context.speculated ? { speculated: true } : {}),
    ...(context.decidedAt === 0 ? {} : { authorize_ms: context.decidedAt - context.now }),
    total_ms: now - context.now,
    ...(context.error === null ? {} : { error: errorText(context.error) }),
    ...(context.logFields ?? {}),
  };
}
