// API keys as operators manage them. When one of these throws, the operation answers 503 and nothing has changed. Recording
// never throws.
import type { KeyHash, KeyStatus } from "../../core/access/principal.ts";
import type { Actor, Background, PageOrError } from "../common.ts";
import type { RoleDetails } from "../roles/port.ts";

/** Times are in milliseconds since the epoch. */
export interface ApiKeyDetails {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly description: string;
  readonly role: RoleDetails;
  /** Empty: any address. */
  readonly allowListIds: readonly string[];
  readonly expireAfterHours: number;
  readonly expiresAt: number | null;
  readonly issuer: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly lastUsedAt: number | null;
  /** `null`: not yet used, or used from an address that is not known. */
  readonly lastUsedAddress: string | null;
  readonly usageCount: number;
  readonly revokedAt: number | null;
  /** Whether an operator revoked it, not a key. */
  readonly revokedByOperator: boolean;
  readonly revokedById: string | null;
  readonly revokedByName: string | null;
}

export interface NewApiKey {
  readonly id: string;
  readonly accountId: string;
  readonly hash: KeyHash;
  readonly name: string;
  readonly description: string;
  readonly roleId: string;
  readonly allowListIds: readonly string[];
  readonly expireAfterHours: number;
  readonly expiresAt: number | null;
  readonly idempotencyKey: string | null;
}

export interface ApiKeyFilter {
  readonly accountId: string;
  /** Exact and case-sensitive; puts ACTIVE keys first, since clients take the first hit. */
  readonly name: string | null;
  /** Empty: any. */
  readonly statuses: readonly KeyStatus[];
  readonly order: "asc" | "desc";
  readonly limit: number;
  readonly continuationToken: string | null;
}

export type CreateOutcome =
  | { readonly outcome: "created"; readonly key: ApiKeyDetails }
  /** The Idempotency-Key was used before; this is the key that was created with it. */
  | { readonly outcome: "replayed"; readonly key: ApiKeyDetails }
  /** The role or an allow list was deleted after the request was validated. */
  | { readonly outcome: "reference_gone" };

export type RevokeOutcome =
  | { readonly outcome: "revoked"; readonly key: ApiKeyDetails }
  | { readonly outcome: "already_revoked"; readonly key: ApiKeyDetails }
  | { readonly outcome: "not_found" }
  /** No key or operator of the account could manage keys afterwards. */
  | { readonly outcome: "last_manager"; readonly key: ApiKeyDetails };

export interface ApiKeyRepository {
  /** Creates a key with its allow lists. */
  create(key: NewApiKey, actor: Actor, now: number): Promise<CreateOutcome>;
  /** Reads a key of the account. */
  get(accountId: string, id: string): Promise<ApiKeyDetails | null>;
  /** Reads one page of the account's keys. */
  list(query: ApiKeyFilter, now: number): Promise<PageOrError<ApiKeyDetails>>;
  /** Revokes a key and writes it to the change log; with `force` also the last one that can manage keys. */
  revoke(accountId: string, id: string, force: boolean, actor: Actor, now: number): Promise<RevokeOutcome>;
}

export interface UsageRecorder {
  /** Counts a use of a key; writes at most once per key and minute, the first use at once. */
  record(keyId: string, now: number, address: string | null, background: Background): void;
}
