// The first account of a deployment. Both methods throw when D1 cannot be read: the request is answered 503, and nothing is
// made.
import type { KeyHash } from "../../core/access/principal.ts";

/** `tables_missing`: the migrations have not been applied. */
export type AccountState = "tables_missing" | "account_missing" | "account_exists";

/** An account with its Admin key; times are milliseconds since the epoch. */
export interface NewAccount {
  readonly id: string;
  readonly name: string;
  readonly keyId: string;
  /** What the key is for. */
  readonly keyName: "bootstrap" | "recovery";
  readonly keyHash: KeyHash;
  /** The id in KEY_RING of the secret that has signed it. */
  readonly signingKeyId: string;
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
