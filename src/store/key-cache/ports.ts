// What every request asks of storage. When a read throws, the gateway answers 503: never a 401.

import type { KeyHash, KeyRecord, Principal } from "../../core/access/principal.ts";
import type { Background } from "../common.ts";
import type { StoredKey } from "./record-codec.ts";

/** A record, and how far it can be believed. */
export interface ResolvedPrincipal<P extends Principal = Principal> {
  /** `null`: D1 has said that there is no such key. */
  readonly record: P | null;
  readonly source: "memory" | "kv" | "d1";
  /** Milliseconds since D1 last confirmed this record, directly or through the change feed. */
  readonly ageMs: number;
  /** True when D1 should have been asked and could not be: the answer stands on the grace. */
  readonly degraded: boolean;
}

export type ResolvedKey = ResolvedPrincipal<KeyRecord>;

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

/** The record that calls are judged by, asked for by the key's id: for explanations. */
export interface KeyRecords {
  readById(id: string): Promise<KeyRecord | null>;
}
