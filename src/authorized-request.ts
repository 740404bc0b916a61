// A request that the gateway has authorized, as it is passed to an operation that Gatehouse serves itself.
import type { Principal } from "./core/access/principal.ts";
import type { Operation } from "./core/routing/operations.ts";
import type { RequestLog } from "./log.ts";

/** The largest body of an operation that Gatehouse serves itself. */
export const MAX_BODY_BYTES = 65_536;

/** The most time for such a body to arrive: a request is not authorized for longer. */
export const BODY_TIMEOUT_MS = 10_000;

/** The body is larger than any of our operations takes, did not come in time, or was broken off. */
export type BodyFailure = "too_large" | "timeout" | "incomplete";

export interface AuthorizedRequest {
  /** Only for headers: its URL is not canonical, and its body has been read. */
  readonly raw: Request;
  /** The whole body; empty without one. Or why it could not be read. */
  readonly body: Uint8Array | BodyFailure;
  /** The canonical path. Routing uses it, because it is the path that was authorized. */
  readonly path: string;
  /** With its "?", or empty. */
  readonly query: string;
  readonly operation: Operation;
  /** The API key or the operator that sends the request. */
  readonly principal: Principal;
  /** The client's address as text, for the audit log and for warnings. `null`: unknown. */
  readonly address: string | null;
  readonly requestId: string;
  /** When the body had been read, in milliseconds since the epoch: the time of a change. */
  readonly now: number;
  readonly log: RequestLog;
  /** Keeps work running after the response was sent. */
  readonly background: (work: Promise<unknown>) => void;
}
