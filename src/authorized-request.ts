// A request that the gateway has authorized, as it is handed to an operation that Gatehouse itself serves.
import type { Principal } from "./core/access/principal.ts";
import type { Operation } from "./core/routing/operations.ts";
import type { RequestLog } from "./log.ts";

export interface AuthorizedRequest {
  readonly raw: Request;
  /** The canonical path: what was authorized is what is routed. */
  readonly path: string;
  /** With its "?", or empty. */
  readonly query: string;
  readonly operation: Operation;
  readonly principal: Principal;
  /** The client's address as text, for the audit log and for warnings. */
  readonly address: string | null;
  readonly requestId: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly log: RequestLog;
}
