// API keys as operators manage them. When one of these throws, the operation answers 503 and nothing has changed. Recording
// never throws.
import type { AccountPolicy } from "../../core/access/account-policy.ts";
import type { KeyHash, KeyStatus, UnusableReason } from "../../core/access/principal.ts";
import type { Address } from "../../core/ip/ip-address.ts";
import type { Actor, Background, PageOrError } from "../common.ts";
import type { RoleDetails } from "../roles/port.ts";

/** Times are in milliseconds since the epoch. */
export interface ApiKeyDetails {
  readonly id: string;
  readonly accountId: string;
  /** Goes up by one with every change of its access, and of its dry run. */
  readonly version: number;
  readonly name: string;
  readonly description: string;
  readonly role: RoleDetails;
  /** Empty: any address. */
  readonly allowListIds: readonly string[];
  readonly expireAfterHours: number;
  readonly expiresAt: number | null;
  /** When it was first reported as leaked, and where it was found; `null`: it was not. */
  readonly compromised: { readonly at: number; readonly url: string | null } | null;
  /** The end that the key was signed with, which no edit can exceed; `null`: never. */
  readonly signedExpiresAt: number | null;
  /** The name of the key or the operator that has created it. */
  readonly issuer: string;
  /** Its id; `null`: nobody of the account has. */
  readonly createdById: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly lastUsedAt: number | null;
  /** `null`: not yet used, or used from an address that is not known. */
  readonly lastUsedAddress: string | null;
  readonly usageCount: number;
  readonly revokedAt: number | null;
  /** Its newest rotation; `null`: it has neither a successor nor a predecessor. */
  readonly rotation: RotationDetails | null;
  /** `null`: it is not disabled, or a canary key. */
  readonly disabledAt: number | null;
  /** It never opens, and its use is an alarm. */
  readonly canary: boolean;
  /** Whether an operator revoked it, not a key. */
  readonly revokedByOperator: boolean;
  readonly revokedById: string | null;
  readonly revokedByName: string | null;
  /** The id in KEY_RING of the secret that has signed it; `null`: not known yet. */
  readonly signingKeyId: string | null;
  /** Why it does not authenticate although it is neither revoked nor expired; `null`: nothing in the configuration ends it. */
  readonly unusableReason: UnusableReason | null;
}

export interface NewApiKey {
  readonly id: string;
  readonly accountId: string;
  readonly hash: KeyHash;
  /** The id in KEY_RING of the secret that has signed it. */
  readonly signingKeyId: string;
  readonly name: string;
  readonly description: string;
  readonly roleId: string;
  readonly allowListIds: readonly string[];
  readonly expireAfterHours: number;
  readonly expiresAt: number | null;
  readonly idempotencyKey: string | null;
  /** Left out: it is none. */
  readonly canary?: boolean;
  /** Of a successor; left out: the key takes over from none. */
  readonly rotation?: Rotation;
}

/** A rotation of which the key is the predecessor or the successor. */
export interface RotationDetails {
  readonly predecessorId: string;
  readonly successorId: string;
  readonly rotatedAt: number;
  /** The expiry that the predecessor had before; `null`: never. */
  readonly predecessorExpiresAt: number | null;
  /** Requests since the rotation. */
  readonly predecessorRequests: number;
  readonly successorRequests: number;
}

/** What a new key says of the one that it takes over from. */
export interface Rotation {
  readonly predecessorId: string;
  /** When the predecessor ends. */
  readonly endsAt: number;
  /** The key rotates itself, which it may once. */
  readonly bySelf: boolean;
}

/** The predecessor of a rotation. */
interface Rotated {
  readonly accountId: string;
  readonly keyId: string;
  readonly name: string;
  readonly successorId: string;
}

export interface OverlapChange extends Rotated {
  readonly endsAt: number;
}

/** `expiresAt`: what the predecessor has again. */
export interface Cancellation extends Rotated {
  readonly expiresAt: number | null;
}

/** The predecessor; or one of both keys has ended, or is rotated otherwise by now. */
export type OverlapOutcome = ApiKeyDetails | "key_inactive" | "not_rotated";
export type CancelOutcome = OverlapOutcome | "last_manager";

export interface ApiKeyFilter {
  readonly accountId: string;
  /** Exact and case-sensitive; puts ACTIVE keys first, since clients take the first hit. */
  readonly name: string | null;
  /** Empty: any. */
  readonly statuses: readonly KeyStatus[];
  /** `null`: any; so for the four below. */
  readonly roleId: string | null;
  readonly createdById: string | null;
  readonly signingKeyId: string | null;
  readonly disabled: boolean | null;
  /** Only keys that this policy would not allow. */
  readonly noncompliantWith: AccountPolicy | null;
  /** Which keys are archived, and whether these are listed or the others. `null`: no key is archived. */
  readonly archive: { readonly endedBefore: number; readonly archived: boolean } | null;
  readonly canary: boolean | null;
  readonly order: "asc" | "desc";
  readonly limit: number;
  readonly continuationToken: string | null;
}

/** The whole terms of a key as they are after the edit. */
export interface KeyEdit {
  readonly accountId: string;
  readonly keyId: string;
  readonly name: string;
  readonly description: string;
  readonly roleId: string;
  /** Empty: any address. */
  readonly allowListIds: readonly string[];
  readonly expireAfterHours: number;
  readonly expiresAt: number | null;
  /** Also when no key or operator of the account could manage keys afterwards. */
  readonly force: boolean;
}

/** The edited key; or it is revoked or expired, the role or a list was deleted meanwhile, or it is the last manager. */
export type EditOutcome = ApiKeyDetails | "key_inactive" | "reference_gone" | "last_manager";

/** Whether a key is to be disabled. */
export interface Disabling {
  readonly accountId: string;
  readonly keyId: string;
  readonly name: string;
  readonly disabled: boolean;
  /** Also the last key that can manage keys. */
  readonly force: boolean;
}

/** The key, disabled or enabled, also when it was so already; or it is a canary key, revoked or expired, or the last manager. */
export type DisableOutcome = ApiKeyDetails | "key_canary" | "key_inactive" | "last_manager";

export type CreateOutcome =
  | { readonly outcome: "created"; readonly key: ApiKeyDetails }
  /** The Idempotency-Key was used before; this is the key that was created with it. */
  | { readonly outcome: "replayed"; readonly key: ApiKeyDetails }
  /** The role or an allow list was deleted after the request was validated; or the account has as many active keys as it may. */
  | { readonly outcome: "reference_gone" | "quota_exceeded" }
  /** The predecessor is revoked, expired or disabled, or a canary key; or it has a successor already. */
  | { readonly outcome: "key_inactive" | "already_rotated" };

export type RevokeOutcome =
  | { readonly outcome: "revoked"; readonly key: ApiKeyDetails }
  | { readonly outcome: "already_revoked"; readonly key: ApiKeyDetails }
  | { readonly outcome: "not_found" }
  /** No key or operator of the account could manage keys afterwards. */
  | { readonly outcome: "last_manager"; readonly key: ApiKeyDetails };

/**
 * Which keys to revoke, of those that are neither revoked nor expired. `null`: any. Canary keys are left out, except one that is named:
 * by `name`, or as `descendantsOfId` itself.
 */
export interface RevokeFilter {
  readonly accountId: string;
  /** Never this one: who revokes the others. */
  readonly exceptId: string;
  readonly name: string | null;
  readonly roleId: string | null;
  readonly createdById: string | null;
  readonly signingKeyId: string | null;
  /** A key, with all that it has created or was rotated to, and what these have; or what an operator has created. */
  readonly descendantsOfId: string | null;
  /** Since when nobody has used them, nor created them. */
  readonly notUsedSince: number | null;
  /** Only keys that this policy would not allow. */
  readonly noncompliantWith: AccountPolicy | null;
}

export interface RevocableKey {
  readonly id: string;
  readonly version: number;
  readonly name: string;
  readonly createdAt: number;
  readonly role: RoleDetails;
}

export interface BulkRevocation {
  readonly accountId: string;
  readonly keys: readonly RevocableKey[];
  /** As the audit event shows it. */
  readonly filter: Readonly<Record<string, unknown>>;
  readonly force: boolean;
}

export interface ApiKeyRepository {
  /** Creates a key with its allow lists; a successor with the end of its predecessor. */
  create(key: NewApiKey, actor: Actor, now: number): Promise<CreateOutcome>;
  /** Reads a key of the account. */
  get(accountId: string, id: string): Promise<ApiKeyDetails | null>;
  /** Reads one page of the account's keys. */
  list(query: ApiKeyFilter, now: number): Promise<PageOrError<ApiKeyDetails>>;
  /** Replaces the terms of an active key, and writes it to the change log. */
  edit(edit: KeyEdit, actor: Actor, now: number): Promise<EditOutcome>;
  /** Disables or enables a key, and writes it to the change log. */
  setDisabled(disabling: Disabling, actor: Actor, now: number): Promise<DisableOutcome>;
  /** Moves the end of a predecessor. */
  moveOverlap(move: OverlapChange, actor: Actor, now: number): Promise<OverlapOutcome>;
  /** Revokes the successor of a key, which has its earlier expiry again. */
  cancelRotation(cancellation: Cancellation, actor: Actor, now: number): Promise<CancelOutcome>;
  /** Reads the keys of a filter, oldest first, at most five thousand and one. */
  revocable(filter: RevokeFilter, now: number): Promise<readonly RevocableKey[]>;
  /** Revokes keys in one transaction, while each is as it was read. */
  bulkRevoke(
    revocation: BulkRevocation,
    actor: Actor,
    now: number,
  ): Promise<"revoked" | "keys_changed" | "last_manager">;
  /** Revokes a key and writes it to the change log; with `force` also the last one that can manage keys. */
  revoke(accountId: string, id: string, force: boolean, actor: Actor, now: number): Promise<RevokeOutcome>;
}

/** The client of a use. */
export interface UseClient {
  readonly text: string;
  readonly address: Address;
}

export interface UsageRecorder {
  /**
   * Counts a use of a key; writes at most once per key and minute, the first use at once. Where it comes from a network that the key was
   * not used from yet, that is an audit event.
   *
   * @param client `null`: its address is not known
   * @param request as the runtime gave it: the country is read from it for a new network only
   */
  record(keyId: string, now: number, client: UseClient | null, request: object, background: Background): void;
  /** How many uses this isolate has counted and not written yet. */
  unwritten(): number;
}
