// What authorization reads from storage. When one of these throws, the gateway answers 503, never 401.
import type { KeyHash, KeyRecord, Principal } from "../../core/access/principal.ts";
import type { KeyClaims } from "../../core/token/api-key-token.ts";
import type { Background } from "../common.ts";
import type { StoredKey } from "./record-codec.ts";

/** A record with its source and its age. */
export interface ResolvedPrincipal<P extends Principal = Principal> {
  /** `null`: D1 has no such key. */
  readonly record: P | null;
  readonly source: "memory" | "kv" | "d1";
  /** Milliseconds since D1 confirmed this record, directly or by the change feed. */
  readonly ageMs: number;
  /** True when D1 should have been read and could not be: the record is served within the stale-if-error window. */
  readonly degraded: boolean;
}

export type ResolvedKey = ResolvedPrincipal<KeyRecord>;

/** A cached record that is not fresh, while D1 is being read to confirm it. */
export interface PendingKey {
  readonly cached: KeyRecord;
  /** Resolves to the confirmed record; rejects as `resolve` does. */
  readonly result: Promise<ResolvedKey>;
}

/** How fresh a request requires its record to be. */
export interface Need {
  /** True: the current state of D1's primary. False: its state at most ten seconds ago. */
  readonly fromPrimary: boolean;
  /** True: a cached record is of use before it is confirmed, for speculative forwarding of a safe request. */
  readonly allowUnconfirmed: boolean;
}

/** A key as a client presents it: its signature was verified. */
export interface PresentedKey {
  readonly hash: KeyHash;
  /** A record that is not of these claims is never used: reading it throws, and a copy of it counts as missing. */
  readonly claims: KeyClaims;
}

/** Resolves an API key to its record. */
export interface KeyResolver {
  /**
   * Returns a cached record that a read-only request may use, without I/O; `null`: `resolve` has to be called.
   *
   * @param now the time of the request, from the resolver's clock
   */
  getCached(hash: KeyHash, now: number, background: Background): ResolvedKey | null;
  /** Resolves a key that `getCached` could not resolve, as fresh as `need` requires. */
  resolve(key: PresentedKey, need: Need, background: Background): Promise<ResolvedKey | PendingKey>;
  /**
   * Makes the cached records of some keys, or of the keys with a role, stale until the change feed has been read again, since
   * this isolate has changed them. Many of them stay as fresh as they are, as in other isolates.
   */
  invalidate(ids: readonly string[], background: Background): void;
  /** Resolves when D1 can be read, with at most one read of the change feed in five seconds. */
  checkReady(background: Background): Promise<void>;
  /** When this isolate last read the change feed, in milliseconds since the epoch; -Infinity: never. */
  feedReadAt(): number;
}

/** A record as of a line of the change log. */
export interface RecordRead {
  readonly record: KeyRecord;
  /** The number of the last line that the record includes. */
  readonly asOf: number;
}

/** A record read from D1, with the copy of it for KV. */
export interface PrimaryRead extends RecordRead {
  /** Whether the row does not say yet which secret has signed the key. */
  readonly lacksSigningKeyId: boolean;
  readonly copy: KeyCopy;
}

/** The system of record, read on its primary. When it throws, the age of the cached record decides. */
export interface KeyRecordSource {
  /** Reads the record of a key; `null`: there is no such key. */
  readByHash(hash: KeyHash): Promise<PrimaryRead | null>;
  /** Reads the records of many keys with one statement, in their order; an error for a row that cannot be decoded. */
  readByHashes(hashes: readonly KeyHash[]): Promise<readonly (PrimaryRead | Error | null)[]>;
  /** Adds the id of the secret that has signed a key to its row. */
  addSigningKeyId(keyId: string, signingKeyId: string): Promise<void>;
}

/** A record as KV stores it, as of a line of the change log. */
export type KeyCopy = StoredKey & { readonly asOf: number };

/** The copies in KV, which may be late or lost. When a read throws or returns `null`, D1 is read instead. */
export interface KeyCopies {
  /** Reads the copy of a key. */
  get(hash: KeyHash): Promise<RecordRead | null>;
  /**
   * Writes the copy of a key, always from a row of D1 and never from another copy.
   *
   * @returns false when a copy of this key was written less than a second ago: nothing was written
   */
  put(hash: KeyHash, copy: KeyCopy): Promise<boolean>;
}

/** The changes after a line of the change log. */
export interface Changes {
  /** Every wanted change from this line on is included; older ones were pruned from the log, or cut from this read. */
  readonly oldestSeq: number;
  readonly newestSeq: number;
  readonly changes: readonly Change[];
}

/** A line of the change log: a key and its version, a role of which every key is superseded, or with neither all keys. */
export interface Change {
  readonly seq: number;
  readonly keyId: string | null;
  readonly version: number;
  readonly roleId?: string | null;
}

/** The change log, read on the primary. When it throws, reads are served stale for a while and changes are answered 503. */
export interface ChangeFeed {
  /** Reads the changes after a line. */
  since(seq: number): Promise<Changes>;
}

/** The records that authorization uses, by the key's id: for explanations. */
export interface KeyRecords {
  /** Reads the record of a key; `null`: there is no such key. */
  readById(id: string): Promise<KeyRecord | null>;
}
