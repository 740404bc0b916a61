// One call on its way through: what has become known of it so far, and the one event that is written of it in the end.
import type { KeyRecord } from "../core/key.ts";
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
  /** The same, as far as it has been read. */
  received: Received;
  readonly requestId: string;
  /** The instant that the call is judged at, in milliseconds since the epoch. */
  readonly now: number;
  readonly caller: Caller | null;
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
    caller: readCaller(received.headers),
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
  door.log.write(kind, factsOf(call, status, door.now()));
}

function isChange({ target }: Call): boolean {
  return target?.operation?.answeredBy === "gatehouse" && target.operation.effect === "mutating";
}

function factsOf(call: Call, status: number, now: number): LogFacts {
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
    address: call.caller?.text ?? null,
    ...(found === null ? {} : { source: found.source, age_ms: found.ageMs, degraded: found.degraded }),
    ...(call.speculated ? { speculated: true } : {}),
    ...(call.decidedAt === 0 ? {} : { authorize_ms: call.decidedAt - call.now }),
    total_ms: now - call.now,
    ...(call.error === null ? {} : { error: errorText(call.error) }),
    ...(call.extra ?? {}),
  };
}
