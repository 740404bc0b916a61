// Denied requests. When a read throws, the operation answers 503. Recording never throws.
import type { Background, PageOrError } from "../common.ts";

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

/** Remembers refused calls. Never throws, and never writes once per call. */
export interface DenialRecorder {
  /** @param call what is kept of it beside the count, where something is */
  record(denial: DenialEvent, call: DeniedRequest | null, background: Background): void;
  /** Writes what is gathered now, so that whoever asks for an explanation here finds it. */
  flush(now: number): Promise<void>;
}
