// What every route gets beside the request. It is handed to the router as its bindings, so nothing is passed along hidden.
import type { Account } from "./accounts.ts";

export interface Call {
  readonly db: D1Database;
  readonly account: Account;
  /** Milliseconds since the epoch; the same for the whole call. */
  readonly now: number;
}
