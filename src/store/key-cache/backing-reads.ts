// The reads of one isolate: a row from D1, a copy from KV. Each within its budget; one at a time where a call needs no
// more than a recent answer.
import type { KeyHash } from "../../core/access/principal.ts";
import type { Background } from "../common.ts";
import { createSingleFlight } from "../lib/single-flight.ts";
import { type CircuitBreaker, type Clock, withTimeout } from "../lib/timeouts.ts";
import { type CacheEntry, entryFromCopy, entryFromPrimary, type KeyCache } from "./key-cache.ts";
import type { KeyCopies, KeyRecordSource, PrimaryRead } from "./ports.ts";

const KV_TIMEOUT_MS = 75;
const PRIMARY_TIMEOUT_MS = 1_000;

export interface BackingReads {
  /** What the row says now; joins nobody else's read. */
  row(hash: KeyHash): Promise<CacheEntry>;
  /** The same for many calls at once, and KV is told behind the answer. `startedAfter` as for `SingleFlight.run`. */
  rowOnce(hash: KeyHash, background: Background, startedAfter: number): Promise<CacheEntry>;
  /** The copy in KV, or `null`: late, broken or unreadable, it counts as none. Never rejects. */
  copy(hash: KeyHash, background: Background): Promise<CacheEntry | null>;
  /** The clock was set back: nobody joins what is under way. */
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

/** The reads of one isolate; what D1 says is remembered. */
export function createBackingReads(parts: BackingReadsParts): BackingReads {
  const { records, copies: keyCopies, clock, cache } = parts;
  const rows = createSingleFlight<KeyHash, CacheEntry>(clock, PRIMARY_TIMEOUT_MS);
  const copies = createSingleFlight<KeyHash, CacheEntry | null>(clock, KV_TIMEOUT_MS);

  async function readRow(hash: KeyHash, onRead: (reading: PrimaryRead) => void): Promise<CacheEntry> {
    const askedAt = clock.now();
    const reading = await parts.breaker.run(PRIMARY_TIMEOUT_MS, "the key's row", () => records.readByHash(hash));
    const entry = entryFromPrimary(reading, askedAt, parts.random);
    cache.put(hash, entry, clock.now());
    if (reading !== null) onRead(reading);
    return entry;
  }

  async function readCopy(hash: KeyHash): Promise<CacheEntry | null> {
    try {
      const reading = await withTimeout(clock, KV_TIMEOUT_MS, "KV", keyCopies.get(hash));
      return reading === null ? null : entryFromCopy(reading, clock.now(), parts.random);
    } catch (error) {
      parts.onError("kv_read", error);
      return null;
    }
  }

  async function tellKv(hash: KeyHash, reading: PrimaryRead): Promise<void> {
    try {
      await keyCopies.put(hash, reading.copy);
    } catch (error) {
      parts.onError("kv_write", error);
    }
  }

  return {
    row: (hash) => readRow(hash, () => undefined),
    rowOnce: (hash, background, startedAfter) =>
      rows.run(hash, background, startedAfter, () => readRow(hash, (reading) => background(tellKv(hash, reading)))),
    copy: (hash, background) => copies.run(hash, background, Number.NEGATIVE_INFINITY, () => readCopy(hash)),
    reset() {
      rows.clear();
      copies.clear();
    },
  };
}
