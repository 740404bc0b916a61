// API keys as operators manage them. When a call throws, the operation answers 503 and nothing has changed.

import type { KeyHash, KeyStatus } from "../../core/access/principal.ts";
import type { Actor, Background, PageOrError } from "../common.ts";
import type { RoleDetails } from "../roles/port.ts";

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
  /** `null`: not yet used, or from an address that is not known. */
  readonly lastUsedAddress: string | null;
  readonly usageCount: number;
  readonly revokedAt: number | null;
  /** Whether the two that follow are an operator's; otherwise a key's. */
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
  /** The Idempotency-Key was used before: the key that it made. */
  | { readonly outcome: "replayed"; readonly key: ApiKeyDetails }
  /** The role or a list went away between the check and the write. */
  | { readonly outcome: "reference_gone" };

export type RevokeOutcome =
  | { readonly outcome: "revoked"; readonly key: ApiKeyDetails }
  | { readonly outcome: "already_revoked"; readonly key: ApiKeyDetails }
  | { readonly outcome: "not_found" }
  /** Nobody else in the account could manage keys afterwards. */
  | { readonly outcome: "last_manager"; readonly key: ApiKeyDetails };

export interface ApiKeyRepository {
  create(key: NewApiKey, actor: Actor, now: number): Promise<CreateOutcome>;
  get(accountId: string, id: string): Promise<ApiKeyDetails | null>;
  list(query: ApiKeyFilter, now: number): Promise<PageOrError<ApiKeyDetails>>;
  /** One transaction: the tombstone, its line in the change log, its audit event. */
  revoke(accountId: string, id: string, force: boolean, actor: Actor, now: number): Promise<RevokeOutcome>;
}

/** Counts uses. Gathers in the isolate; writes at most once per key and minute, the first use at once. */
export interface UsageRecorder {
  record(keyId: string, now: number, address: string | null, background: Background): void;
}
