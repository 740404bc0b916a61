// The first account of a deployment. Both methods throw when D1 cannot be read: the request is answered 503, and nothing is
// made.
import type { KeyHash } from "../../core/access/principal.ts";

/** `tables_missing`: the migrations have not been applied. */
export type AccountState = "tables_missing" | "account_missing" | "account_exists";

/** An account with its Admin key; times are milliseconds since the epoch. */
export interface NewAccount {
  readonly id: string;
  /** Matches `ACCOUNT_NAME`. */
  readonly name: string;
  readonly keyId: string;
  readonly keyHash: KeyHash;
  readonly now: number;
  /** Who asked for it, for the audit log; `null`: unknown. */
  readonly address: string | null;
  readonly requestId: string | null;
}

export interface FirstAccount {
  state(): Promise<AccountState>;
  /** Makes the account, its key and the audit event in one transaction. @returns false when there is an account already */
  create(account: NewAccount): Promise<boolean>;
}

/** Names that are safe in a log line, a header, a terminal and a page. */
export const ACCOUNT_NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._:@/+()#-]{0,63}$/u;
export const ACCOUNT_NAME_ERROR = "An account's name has 1 to 64 letters, digits, spaces and ._-:@/+()#.";
