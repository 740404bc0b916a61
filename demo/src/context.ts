// What every route gets beside the request, as the bindings of the router.
import type { Account } from "./accounts.ts";

export interface AccountContext {
  readonly db: D1Database;
  readonly account: Account;
  /** Milliseconds since the epoch; the same for the whole request. */
  readonly now: number;
}
