// A request that the gateway has authorized, as it is passed to an operation that Gatehouse serves itself.
import type { Principal } from "./core/access/principal.ts";
import type { Operation } from "./core/routing/operations.ts";
import type { RequestLog } from "./log.ts";

export interface AuthorizedRequest {
  /** Only for headers and body: its URL is not canonical. */
  readonly raw: Request;
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
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly log: RequestLog;
}
