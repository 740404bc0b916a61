// The reads of one isolate from D1 and KV, each within its time limit. Requests that accept a recent result share one
// read.
import type { KeyHash } from "../../core/access/principal.ts";
import type { Background } from "../common.ts";
import type { CircuitBreaker } from "../lib/circuit-breaker.ts";
import { createSingleFlight } from "../lib/single-flight.ts";
import { type Clock, withTimeout } from "../lib/timeouts.ts";
import { type CacheEntry, entryFromCopy, entryFromPrimary, type KeyCache } from "./key-cache.ts";
import type { KeyCopies, KeyRecordSource, PrimaryRead } from "./ports.ts";

const KV_TIMEOUT_MS = 75;
const PRIMARY_TIMEOUT_MS = 1_000;

export interface BackingReads {
  /** Reads the row from D1, and never joins another read. */
  row(hash: KeyHash): Promise<CacheEntry>;
  /** Reads the row once for concurrent requests, then writes it to KV. `startedAfter` as for `SingleFlight.run`. */
  rowOnce(hash: KeyHash, background: Background, startedAfter: number): Promise<CacheEntry>;
  /** Reads the copy in KV; `null`: there is none, it cannot be read, or KV is slow or down. Never rejects. */
  copy(hash: KeyHash, background: Background): Promise<CacheEntry | null>;
  /** Ends the sharing of running reads, since the clock was set back. */
  reset(): void;
}

export interface BackingReadsParts {
  readonly records: KeyRecordSource;
  readonly copies: KeyCopies;
  readonly breaker: CircuitBreaker;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onError: (what: string, error: unknown) => void;
  readonly cache: KeyCache;
}

/** The reads of one isolate. Rows from D1 are put into the key cache. */
export function createBackingReads(parts: BackingReadsParts): BackingReads {
  const { records, copies: keyCopies, clock, cache } = parts;
  const rows = createSingleFlight<KeyHash, CacheEntry>(clock, PRIMARY_TIMEOUT_MS);
  const copies = createSingleFlight<KeyHash, CacheEntry | null>(clock, KV_TIMEOUT_MS);

  async function readRow(hash: KeyHash, onRead: (read: PrimaryRead) => void): Promise<CacheEntry> {
    const startedAt = clock.now();
    const read = await parts.breaker.run(PRIMARY_TIMEOUT_MS, "the key's row", () => records.readByHash(hash));
    const entry = entryFromPrimary(read, startedAt, parts.random);
    cache.put(hash, entry, clock.now());
    if (read !== null) onRead(read);
    return entry;
  }

  async function readCopy(hash: KeyHash): Promise<CacheEntry | null> {
    try {
      const copy = await withTimeout(clock, KV_TIMEOUT_MS, "KV", keyCopies.get(hash));
      return copy === null ? null : entryFromCopy(copy, clock.now(), parts.random);
    } catch (error) {
      parts.onError("kv_read", error);
      return null;
    }
  }

  async function writeCopy(hash: KeyHash, { copy }: PrimaryRead): Promise<void> {
    try {
      await keyCopies.put(hash, copy);
    } catch (error) {
      parts.onError("kv_write", error);
    }
  }

  return {
    row: (hash) => readRow(hash, () => undefined),
    rowOnce: (hash, background, startedAfter) =>
      rows.run(hash, background, startedAfter, () => readRow(hash, (read) => background(writeCopy(hash, read)))),
    copy: (hash, background) => copies.run(hash, background, Number.NEGATIVE_INFINITY, () => readCopy(hash)),
    reset() {
      rows.clear();
      copies.clear();
    },
  };
}
