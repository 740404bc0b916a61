// What the rest of the house may ask of storage. Each port says once what its callers do when it throws.

import type { DryRunDenial } from "../core/access/dry-run.ts";
import type { Permission } from "../core/access/permissions.ts";
import type { KeyHash, KeyRecord, KeyStatus, OperatorRecord } from "../core/access/principal.ts";
import type { Checkpoint } from "../core/audit/hash-chain.ts";
import type { KeySet, OidcIdentity } from "../core/token/oidc-token.ts";
import type { StoredKey } from "./key-cache/record-codec.ts";

/** Keeps a promise alive after the answer has gone out: `ExecutionContext.waitUntil`. */
export type Background = (work: Promise<unknown>) => void;

// ---- Reading, for every call --------------------------------------------------------------------------------------

/** A record, and how far it can be believed. */
export interface ResolvedKey {
  /** `null`: D1 has said that there is no such key. */
  readonly record: KeyRecord | null;
  readonly source: "memory" | "kv" | "d1";
  /** Milliseconds since D1 last confirmed this record, directly or through the change feed. */
  readonly ageMs: number;
  /** True when D1 should have been asked and could not be: the answer stands on the grace. */
  readonly degraded: boolean;
}

/** A record at hand that is too old to be believed, while the check that will settle it is already under way. */
export interface PendingKey {
  readonly cached: KeyRecord;
  /** Settles to what D1 says; rejects as `find` does. */
  readonly result: Promise<ResolvedKey>;
}

export interface Need {
  /** True: what D1's primary says now, whatever is remembered. False: what it said at most ten seconds ago. */
  readonly fromPrimary: boolean;
  /** True: a record at hand is worth having before it is confirmed (a safe call that may be sent ahead). */
  readonly allowUnconfirmed: boolean;
}

/** Finds keys by hash. When it throws, the gateway answers 503: no answer, no entry, and never a 401. */
export interface KeyResolver {
  /**
   * What this isolate knows and may still act on for a call that only reads; no I/O in front of the answer.
   *
   * @param now the instant that the call is judged at, off the clock that the finder has
   */
  getCached(hash: KeyHash, now: number, background: Background): ResolvedKey | null;
  /**
   * The record for a call that `recall` could not answer.
   *
   * @param need how sure the caller has to be, and whether it can use a record ahead of its confirmation
   */
  resolve(hash: KeyHash, need: Need, background: Background): Promise<ResolvedKey | PendingKey>;
  /** Something was changed from here: nothing remembered is believed before the change feed has been read again. */
  invalidate(): void;
  /** Resolves when D1 can be asked, at the price of at most one feed read in five seconds; throws when it cannot. */
  checkReady(background: Background): Promise<void>;
}

/** A record with the place in the change log up to which it tells the truth. */
export interface RecordRead {
  readonly record: KeyRecord;
  readonly asOf: number;
}

/** A reading from D1 itself, with what the warm copy may be told of it. */
export interface PrimaryRead extends RecordRead {
  readonly copy: KeyCopy;
}

/** The system of record, asked on its primary. When it throws, the finder decides by the age of what it remembers. */
export interface KeyRecordSource {
  readByHash(hash: KeyHash): Promise<PrimaryRead | null>;
}

/** A record as text with its place in the change log: what KV holds. */
export type KeyCopy = StoredKey & { readonly asOf: number };

/** The warm copy. It may be late, and it may lose things. When it throws or says `null`, the truth is asked. */
export interface KeyCopies {
  get(hash: KeyHash): Promise<RecordRead | null>;
  /** Takes what D1 has said, as text: a copy is never made from a copy. */
  put(hash: KeyHash, copy: KeyCopy): Promise<void>;
}

/** What changed since a place in the log. */
export interface Changes {
  /** Every change from here on that was asked for is told; of what came earlier the log, or this answer, is silent. */
  readonly oldestSeq: number;
  readonly newestSeq: number;
  /** `keyId: null` asks to drop everything. */
  readonly changes: readonly { readonly seq: number; readonly keyId: string | null; readonly version: number }[];
}

/** The change log, read on the primary. When it throws, reads live on the grace and mutations are refused. */
export interface ChangeFeed {
  since(seq: number): Promise<Changes>;
}

// ---- Managing, for operators. When one of these throws, the operation answers 503 and has changed nothing. ----------

/** Who makes a change, for the row itself and for the audit log. */
export interface Actor {
  readonly type: "API_KEY" | "OPERATOR" | "SYSTEM";
  readonly id: string | null;
  readonly name: string;
  readonly address: string | null;
  readonly requestId: string | null;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Opaque; `null` on the last page. */
  readonly continuationToken: string | null;
}

/** A continuation token that this list has not made. Its caller answers 400. */
export type PageOrError<T> = Page<T> | { readonly fault: "continuation_token" };

/** A role as the key and role operations show it. */
export interface RoleDetails {
  readonly id: string;
  readonly displayName: string;
  readonly description: string;
  /** `null` for a built-in role: src/core/access/roles.ts knows. */
  readonly permissions: readonly Permission[] | null;
  readonly userDefined: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
}

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

/** What a key is to be tried with; `null`: that stays as it is. One of the two is given. */
export interface DryRunTerms {
  readonly roleId: string | null;
  /** At least one. */
  readonly allowListIds: readonly string[] | null;
}

/** Allowed calls that a trial would have refused, of one kind. */
export interface DryRunDenialCount {
  readonly reason: string;
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** One of the latest: by whom is told as a network. */
export interface DryRunExample extends DryRunDenialCount {
  /** `null`: the caller's address was not known. */
  readonly network: string | null;
  readonly operation: string;
}

export interface DryRunDetails extends DryRunTerms {
  readonly id: string;
  readonly createdAt: number;
  readonly createdByName: string;
  /** Allowed calls that were weighed. */
  readonly evaluated: number;
  /** By reason, the most frequent first. */
  readonly denials: readonly DryRunDenialCount[];
  /** Networks that calls came from which would have been refused; at least so many when `networksComplete` is false. */
  readonly networks: number;
  readonly networksComplete: boolean;
  readonly examples: readonly DryRunExample[];
}

/** Why a trial was not attached or promoted. */
export type DryRunFailure =
  | "not_found"
  /** The key is revoked or expired. */
  | "key_inactive"
  /** The role or a list went away between the check and the write. */
  | "reference_gone";

export interface DryRunRepository {
  /** The key's trial; `null`: it has none, or there is no such key. */
  get(accountId: string, keyId: string): Promise<DryRunDetails | null>;
  /** Attaches a trial in place of the one before, whose counts are forgotten. */
  attach(
    accountId: string,
    keyId: string,
    terms: DryRunTerms,
    actor: Actor,
    now: number,
  ): Promise<"attached" | DryRunFailure>;
  /**
   * Makes the terms of a trial the key's own, in one transaction with its end.
   *
   * @param trial as it was weighed: when it is another one by then, nothing is changed
   */
  promote(
    accountId: string,
    keyId: string,
    dryRun: DryRunTerms & { readonly id: string },
    force: boolean,
    actor: Actor,
    now: number,
  ): Promise<"promoted" | "trial_changed" | "last_manager" | DryRunFailure>;
  drop(accountId: string, keyId: string, actor: Actor, now: number): Promise<"dropped" | "not_found">;
}

export interface AllowListDetails {
  readonly id: string;
  readonly accountId: string;
  readonly projectId: string;
  readonly name: string;
  readonly description: string;
  readonly rules: readonly string[];
  readonly createdAt: number;
  /** The keys that are bound to it, whatever their state: at most 100, those that are not revoked first. */
  readonly keys: readonly KeyReference[];
}

export interface KeyReference {
  readonly id: string;
  readonly name: string;
  readonly issuer: string;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
}

export interface AllowListFilter {
  readonly accountId: string;
  readonly projectId: string;
  readonly name: string | null;
  /** Only lists that one of these keys is bound to; empty: any. */
  readonly apiKeyIds: readonly string[];
  readonly order: "asc" | "desc";
  readonly limit: number;
  readonly continuationToken: string | null;
}

export interface NewAllowList {
  readonly id: string;
  readonly accountId: string;
  readonly projectId: string;
  readonly name: string;
  readonly description: string;
  /** Canonical rules, at least one. */
  readonly rules: readonly string[];
}

export interface AllowListRepository {
  create(list: NewAllowList, actor: Actor, now: number): Promise<AllowListDetails | "name_taken">;
  get(accountId: string, projectId: string, id: string): Promise<AllowListDetails | null>;
  /** The lists of an account with these ids, in any project; those that do not exist are left out. */
  getMany(accountId: string, ids: readonly string[]): Promise<readonly AllowListDetails[]>;
  list(query: AllowListFilter): Promise<PageOrError<AllowListDetails>>;
  /** Refuses while an ACTIVE key is bound to the list, and names those keys. */
  delete(
    accountId: string,
    projectId: string,
    id: string,
    actor: Actor,
    now: number,
  ): Promise<"deleted" | "not_found" | { readonly inUseBy: readonly KeyReference[] }>;
}

export interface RoleQuery {
  readonly accountId: string;
  readonly types: "ALL" | "SYSTEM" | "USER_DEFINED";
  /** Case-insensitive, exact match first, then names that contain it. */
  readonly displayName: string | null;
  readonly limit: number;
  readonly continuationToken: string | null;
}

export interface RoleDefinition {
  readonly displayName: string;
  readonly description: string;
  readonly permissions: readonly Permission[];
}

/** A live key or operator with a role. */
export interface RoleHolderDetails {
  readonly id: string;
  readonly name: string;
  readonly expiresAt: number | null;
  /** The rules of its lists together; `null`: any address. */
  readonly rules: readonly string[] | null;
}

export interface RoleRepository {
  create(
    accountId: string,
    id: string,
    spec: RoleDefinition,
    actor: Actor,
    now: number,
  ): Promise<RoleDetails | "name_taken">;
  /** Built-in roles belong to every account. */
  get(accountId: string, id: string): Promise<RoleDetails | null>;
  /** A built-in or custom role by its display name, without regard to case. */
  getByName(accountId: string, displayName: string): Promise<RoleDetails | null>;
  list(query: RoleQuery): Promise<PageOrError<RoleDetails>>;
  /** The keys that have these roles: at most 100 of each, those that are not revoked first. */
  keysOf(accountId: string, ids: readonly string[]): Promise<ReadonlyMap<string, readonly KeyReference[]>>;
  /**
   * Replaces the whole role; every key that has it goes up by one version in the same transaction.
   *
   * @param known changes nothing when anybody but these has the role by then; left out: whoever has it
   */
  update(
    accountId: string,
    id: string,
    spec: RoleDefinition,
    force: boolean,
    actor: Actor,
    now: number,
    known?: readonly string[],
  ): Promise<RoleDetails | "not_found" | "name_taken" | "last_manager" | "holders_changed">;
  /** Live keys and operators who have the role. */
  holdersOf(accountId: string, id: string, now: number): Promise<readonly RoleHolderDetails[]>;
  /** Refuses while an ACTIVE key has the role, and names those keys. */
  delete(
    accountId: string,
    id: string,
    actor: Actor,
    now: number,
  ): Promise<"deleted" | "not_found" | { readonly inUseBy: readonly KeyReference[] }>;
}

/** A person who may act in an account, with the identity that they are found by: an e-mail address or a subject. */
export interface OperatorDetails {
  readonly id: string;
  readonly accountId: string;
  readonly email: string | null;
  readonly subject: string | null;
  readonly issuer: string | null;
  readonly name: string;
  readonly role: RoleDetails;
  readonly expireAfterHours: number;
  readonly expiresAt: number | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly createdByName: string;
}

export interface OperatorUpdate {
  readonly name: string;
  readonly roleId: string;
  readonly expireAfterHours: number;
  readonly expiresAt: number | null;
}

export interface NewOperator extends OperatorUpdate {
  readonly id: string;
  readonly accountId: string;
  readonly email: string | null;
  readonly subject: string | null;
  readonly issuer: string | null;
}

export interface OperatorQuery {
  readonly accountId: string;
  readonly limit: number;
  readonly continuationToken: string | null;
}

export interface OperatorRepository {
  get(accountId: string, id: string): Promise<OperatorDetails | null>;
  list(query: OperatorQuery): Promise<PageOrError<OperatorDetails>>;
  create(
    operator: NewOperator,
    actor: Actor,
    now: number,
  ): Promise<OperatorDetails | "identity_taken" | "reference_gone">;
  /** The identity stays: another person is another operator. */
  update(
    accountId: string,
    id: string,
    change: OperatorUpdate,
    force: boolean,
    actor: Actor,
    now: number,
  ): Promise<OperatorDetails | "not_found" | "last_manager" | "reference_gone">;
  delete(
    accountId: string,
    id: string,
    force: boolean,
    actor: Actor,
    now: number,
  ): Promise<"deleted" | "not_found" | "last_manager">;
}

/** Finds the operators that a person is, in every account. When it throws, the gateway answers 503. */
export interface OperatorFinder {
  find(identity: OidcIdentity): Promise<readonly OperatorRecord[]>;
}

/** The public keys of an issuer. When it throws, the gateway answers 503: nobody's identity is called wrong for it. */
export interface IssuerKeys {
  /** The keys to verify a token with that names this `kid`; without that key when the issuer has none such. */
  keysFor(kid: string | null, background: Background): Promise<KeySet>;
}

/** What happened, as it was written down. */
export interface AuditRecord {
  readonly seq: number;
  readonly id: string;
  readonly accountId: string;
  readonly accountName: string;
  readonly eventType: string;
  readonly resourceType: string;
  readonly resourceId: string;
  readonly resourceName: string;
  readonly actor: Actor;
  readonly message: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly createdAt: number;
  /** `null` until it is sealed. */
  readonly hash: string | null;
}

export interface AuditFilter {
  readonly accountId: string;
  /** Without regard to case, in the names of resource and actor, the resource's id, and the message. */
  readonly search: string | null;
  readonly eventTypes: readonly string[];
  readonly resourceTypes: readonly string[];
  /** Both ends included, in milliseconds since the epoch. */
  readonly from: number | null;
  readonly to: number | null;
  readonly order: "asc" | "desc";
  readonly limit: number;
  readonly continuationToken: string | null;
}

export interface AuditReader {
  list(query: AuditFilter): Promise<PageOrError<AuditRecord>>;
}

/** What is counted of a refused call. */
export interface DenialEvent {
  readonly at: number;
  /** The key's account; without a key the one that the path names, which anybody can write there. */
  readonly accountId: string | null;
  readonly keyId: string | null;
  readonly reason: string;
}

/** A refused call as it is kept: no header, no query, no body, and nothing of the credential. */
export interface DeniedRequest extends DenialEvent {
  readonly requestId: string;
  readonly method: string;
  /** `null`: not canonical, or not asked for yet. */
  readonly path: string | null;
  readonly operation: string | null;
  readonly address: string | null;
  /** Where the record came from, and how long ago D1 had confirmed it; `null` when no record was asked for. */
  readonly source: string | null;
  readonly ageMs: number | null;
  readonly version: number | null;
  /** What every check said then, in order. */
  readonly steps: readonly { readonly check: string; readonly reason: string | null }[];
}

export interface DenialFilter {
  readonly accountId: string;
  /** `null`: of every key. */
  readonly keyId: string | null;
  readonly from: number | null;
  readonly to: number | null;
  readonly limit: number;
  readonly continuationToken: string | null;
}

/** How often a key was refused for one reason within one hour. */
export interface DenialCount {
  readonly hourFrom: number;
  readonly keyId: string;
  readonly keyName: string | null;
  readonly reason: string;
  readonly count: number;
  readonly lastAt: number;
}

export interface DenialRepository {
  /** A call of this account's keys, or one that no account can be held to. */
  find(accountId: string, requestId: string, now: number): Promise<DeniedRequest | null>;
  counts(query: DenialFilter): Promise<PageOrError<DenialCount>>;
  /** Forgets what is too old. Returns how much. */
  prune(now: number): Promise<number>;
}

/** The record that calls are judged by, asked for by the key's id: for explanations. */
export interface KeyRecords {
  readById(id: string): Promise<KeyRecord | null>;
}

// ---- Behind the answer. When one of these throws, the answer stands and the fault is logged. -----------------------

/** Counts uses. Gathers in the isolate; writes at most once per key and minute, the first use at once. */
export interface UsageRecorder {
  record(keyId: string, now: number, address: string | null, background: Background): void;
}

/** An allowed call of a key with a trial. */
export interface DryRunRequest {
  readonly keyId: string;
  readonly dryRunId: string;
  /** What the trial would have refused it for; `null`: nothing. */
  readonly denial: DryRunDenial | null;
  readonly at: number;
}

/** Counts what trials would have refused. Never throws; writes at most once per key and minute, the first time at once. */
export interface DryRunRecorder {
  record(call: DryRunRequest, background: Background): void;
  /** A trial that cannot be read: told to the log, at most once per key and minute. */
  recordUnreadable(keyId: string, at: number): void;
  /** Writes what is gathered now, so that whoever asks for the counts here sees all that was counted here. */
  flush(now: number): Promise<void>;
}

/** Remembers refused calls. Never throws, and never writes once per call. */
export interface DenialRecorder {
  /** @param call what is kept of it beside the count, where something is */
  record(denial: DenialEvent, call: DeniedRequest | null, background: Background): void;
  /** Writes what is gathered now, so that whoever asks for an explanation here finds it. */
  flush(now: number): Promise<void>;
}

/** Makes the audit log tamper-evident. When it throws, events wait for the next run, and the fault is logged. */
export interface AuditSealer {
  /** Seals new events and signs the end of the chain; `null` when there was nothing to do. */
  seal(now: number): Promise<(Checkpoint & { readonly sealed: number }) | null>;
}

/** What the scheduled handler does. Safe to run twice at the same time; a crash between two steps leaves nothing wrong. */
export interface Maintenance {
  /** Tells KV what it missed. Returns how many keys were put; throws in the end when one could not be. */
  syncKvCopies(): Promise<number>;
  /** Writes the "Expire API Key" event of every key whose time has passed, once. Returns how many. */
  recordExpiries(now: number): Promise<number>;
  /** Forgets the oldest changes, which nothing can still rely on. Returns how many. */
  pruneChanges(now: number): Promise<number>;
}

// ---- Limits. When one of these throws, calls go on: a limit that fails must not shut the door. -----------------------

/** Counts what is done under a name: roughly, in memory, and for one place of the network. */
export interface RateLimiter {
  /** False when this name has had its share of the period. */
  allows(name: string): Promise<boolean>;
  readonly periodSeconds: number;
}
