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
  const rows = createSingleFlight<KeyHash, CacheEntry>(parts.clock, PRIMARY_TIMEOUT_MS);
  const copies = createSingleFlight<KeyHash, CacheEntry | null>(parts.clock, KV_TIMEOUT_MS);

  return {
    row: async (hash) => (await readRow(parts, hash)).entry,
    rowOnce: (hash, background, startedAfter) =>
      rows.run(hash, background, startedAfter, async () => {
        const { entry, read } = await readRow(parts, hash);
        if (read !== null) background(writeCopy(parts, hash, read));
        return entry;
      }),
    copy: (hash, background) => copies.run(hash, background, Number.NEGATIVE_INFINITY, () => readCopy(parts, hash)),
    reset() {
      rows.clear();
      copies.clear();
    },
  };
}

async function readRow({ records, breaker, clock, random, cache }: BackingReadsParts, hash: KeyHash) {
  const startedAt = clock.now();
  const read = await breaker.run(PRIMARY_TIMEOUT_MS, "the key's row", () => records.readByHash(hash));
  const entry = entryFromPrimary(read, startedAt, random);
  cache.put(hash, entry, clock.now());
  return { entry, read };
}

async function readCopy(
  { copies, clock, random, onError }: BackingReadsParts,
  hash: KeyHash,
): Promise<CacheEntry | null> {
  try {
    const copy = await withTimeout(clock, KV_TIMEOUT_MS, "KV", copies.get(hash));
    return copy === null ? null : entryFromCopy(copy, clock.now(), random);
  } catch (error) {
    onError("kv_read", error);
    return null;
  }
}

async function writeCopy({ copies, onError }: BackingReadsParts, hash: KeyHash, { copy }: PrimaryRead): Promise<void> {
  try {
    await copies.put(hash, copy);
  } catch (error) {
    onError("kv_write", error);
  }
}
