// Denied requests. When a read throws, the operation answers 503. Recording never throws.
import type { Background, PageOrError } from "../common.ts";

/** What is counted of a denied request. */
export interface DenialEvent {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The key's account; without a key the account of the path, which any client can choose. */
  readonly accountId: string | null;
  readonly keyId: string | null;
  readonly reason: string;
}

/** A denied request as it is stored: no header, no query, no body, and no part of the credential. */
export interface DeniedRequest extends DenialEvent {
  readonly requestId: string;
  readonly method: string;
  /** `null`: not canonical, or not read before the denial. */
  readonly path: string | null;
  readonly operation: string | null;
  readonly address: string | null;
  /** Where the record came from, and how long before D1 had confirmed it; `null` when no record was read. */
  readonly source: string | null;
  readonly ageMs: number | null;
  readonly version: number | null;
  /** The result of every check, in order. */
  readonly steps: readonly { readonly check: string; readonly reason: string | null }[];
}

export interface DenialFilter {
  readonly accountId: string;
  /** `null`: of every key. */
  readonly keyId: string | null;
  /** Both ends included, in milliseconds since the epoch. */
  readonly from: number | null;
  readonly to: number | null;
  readonly limit: number;
  readonly continuationToken: string | null;
}

/** How often a key was denied for one reason within one hour. */
export interface DenialCount {
  readonly hourFrom: number;
  readonly keyId: string;
  readonly keyName: string | null;
  readonly reason: string;
  readonly count: number;
  readonly lastAt: number;
}

export interface DenialRepository {
  /** Reads a denied request of this account's keys, or one without an account. */
  find(accountId: string, requestId: string, now: number): Promise<DeniedRequest | null>;
  /** Reads one page of the counts, the latest hours first. */
  counts(query: DenialFilter): Promise<PageOrError<DenialCount>>;
  /** Deletes requests and counts that are past their retention and returns how many. */
  prune(now: number): Promise<number>;
}

export interface DenialRecorder {
  /**
   * Counts a denied request, without one write for each request, and keeps it beside the count.
   *
   * @param details the request; made only when it is kept
   * @param inFlood whether it takes no place from an earlier request: it is one of very many
   */
  record(denial: DenialEvent, details: () => DeniedRequest, inFlood: boolean, background: Background): void;
  /** Writes what was gathered, so that a following read in this isolate sees it. */
  flush(now: number): Promise<void>;
}
