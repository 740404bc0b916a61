// One call on its way through: what has become known of it so far, and the one event that is written of it in the end.
import type { Address } from "../core/address.ts";
import type { CallFacts } from "../core/decide.ts";
import type { KeyRecord } from "../core/key.ts";
import type { Operation } from "../core/operations.ts";
import type { Denial } from "../core/verdict.ts";
import { errorText, type LogFacts } from "../log.ts";
import type { Found } from "../store/ports.ts";
import type { Door } from "./door.ts";
import { type Caller, readCaller, type Target } from "./facts.ts";
import { type Received, receive } from "./received.ts";

/** Filled in step by step; nothing in it is read to decide anything but what decided it. */
export interface Call {
  /** As the runtime gave it, for the operations that Gatehouse answers itself. */
  readonly request: Request;
  /** The same, as far as somebody has asked for it. */
  readonly received: Received;
  readonly requestId: string;
  /** The instant that the call is judged at, in milliseconds since the epoch. */
  readonly now: number;
  /** `undefined`: not read yet. Ask `callerOf`. */
  caller: Caller | null | undefined;
  path: string | null;
  target: Target | null;
  found: Found | null;
  key: KeyRecord | null;
  denial: Denial | null;
  speculated: boolean;
  decidedAt: number;
  error: unknown;
  /** What an operation of Gatehouse's own has to add: the id that it made or changed. */
  extra: LogFacts | null;
}

/** A call of which nothing is known yet. */
export function openCall(request: Request, door: Door): Call {
  const received = receive(request);
  return {
    request,
    received,
    requestId: door.requestId(),
    now: door.now(),
    caller: undefined,
    path: null,
    target: null,
    found: null,
    key: null,
    denial: null,
    speculated: false,
    decidedAt: 0,
    error: null,
    extra: null,
  };
}

/** Where a call comes from. One more header to read, which nobody asks for in most calls that are refused. */
export function callerOf(call: Call): Caller | null {
  if (call.caller === undefined) call.caller = readCaller(call.received.headers);
  return call.caller;
}

/** All that a verdict weighs about a call. */
export function factsOf(call: Call, target: Target): CallFacts {
  return new Facts(call, target);
}

// A class, so that the caller's address is read only for a key that asks for it.
class Facts implements CallFacts {
  readonly #call: Call;
  readonly accountId: string | null;
  readonly operation: Operation | null;
  readonly params: Target["params"];

  constructor(call: Call, { accountId, operation, params }: Target) {
    this.#call = call;
    this.accountId = accountId;
    this.operation = operation;
    this.params = params;
  }

  get address(): Address | null {
    return callerOf(this.#call)?.address ?? null;
  }
}

/** Whether the call has an event of its own: every fault and change, refusals but for a flood; of the rest, a share. */
export function isTold(call: Call, door: Door): boolean {
  const { error, denial, target, found } = call;
  if (error !== null) return true;
  if (denial !== null) return door.log.admits(found !== null, denial.reason, call.now);
  const unknown = target !== null && target.operation === null;
  return isChange(call) || unknown || found?.degraded === true || door.log.samples();
}

/** Writes the call's event. */
export function logCall(call: Call, status: number, door: Door): void {
  const kind = call.error !== null ? "fault" : isChange(call) && call.denial === null ? "change" : "call";
  door.log.write(kind, eventOf(call, status, door.now()));
}

function isChange({ target }: Call): boolean {
  return target?.operation?.answeredBy === "gatehouse" && target.operation.effect === "mutating";
}

function eventOf(call: Call, status: number, now: number): LogFacts {
  const { received, target, found, denial, key } = call;
  return {
    request_id: call.requestId,
    verdict: call.error !== null ? "fault" : denial !== null ? "deny" : "allow",
    ...(denial === null ? {} : { reason: denial.reason }),
    status,
    method: received.method,
    path: call.path ?? "(not canonical)",
    ...(target === null ? {} : { operation: target.operation?.operationId ?? "unknown" }),
    ...(target === null ? {} : { known_operation: target.operation !== null }),
    ...(key === null ? {} : { key_id: key.id, account_id: key.accountId, role: key.role.name }),
    address: callerOf(call)?.text ?? null,
    ...(found === null ? {} : { source: found.source, age_ms: found.ageMs, degraded: found.degraded }),
    ...(call.speculated ? { speculated: true } : {}),
    ...(call.decidedAt === 0 ? {} : { authorize_ms: call.decidedAt - call.now }),
    total_ms: now - call.now,
    ...(call.error === null ? {} : { error: errorText(call.error) }),
    ...(call.extra ?? {}),
  };
}
