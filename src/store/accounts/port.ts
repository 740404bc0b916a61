// The first account of a deployment, and the policies of accounts. Every method throws when D1 cannot be read: the request is
// answered 503, and nothing is made.
import type { AccountPolicy } from "../../core/access/account-policy.ts";
import type { KeyHash } from "../../core/access/principal.ts";
import type { Actor } from "../common.ts";

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

/** The policy of an account; the version is that of the account's row. */
export interface StoredPolicy {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly policy: AccountPolicy;
}

export interface PolicyRepository {
  /** Reads the policy of an account. Rejects when there is no such account. */
  get(accountId: string): Promise<StoredPolicy>;
  /** Replaces the policy that was read; or fewer than two people could approve changes with it. */
  update(
    account: StoredPolicy,
    policy: AccountPolicy,
    actor: Actor,
    now: number,
  ): Promise<StoredPolicy | "second_person_missing">;
}
