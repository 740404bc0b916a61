// The reads of one isolate from D1 and KV, each within its time limit. Requests that accept a recent result share one
// read.
import type { KeyHash } from "../../core/access/principal.ts";
import { isRecordOf } from "../../core/token/api-key-token.ts";
import type { Background } from "../common.ts";
import type { CircuitBreaker } from "../lib/circuit-breaker.ts";
import { type BatchResult, createReadBatcher } from "../lib/read-batcher.ts";
import { createSingleFlight } from "../lib/single-flight.ts";
import { type Clock, withTimeout } from "../lib/timeouts.ts";
import { type CacheEntry, entryFromCopy, entryFromPrimary, type KeyCache, type ReadStart } from "./key-cache.ts";
import type { KeyCopies, KeyRecordSource, PresentedKey, PrimaryRead } from "./ports.ts";
import { CorruptRecord } from "./record-codec.ts";

/** A request waits for it beside the row only: see lookup.ts. */
const KV_TIMEOUT_MS = 400;
const PRIMARY_TIMEOUT_MS = 1_000;
/** No request waits for it. */
const RELOAD_TIMEOUT_MS = 10_000;

/** Statements that read rows for requests at once, and the rows of one: D1 runs one statement after another. */
const MAX_STATEMENTS = 4;
const BATCH_SIZE = 500;
/** Rows of one statement that no request waits for. */
const RELOAD_SIZE = 1_000;

export interface BackingReads {
  /** Reads the row from D1, by a statement that starts after this call. */
  row(key: PresentedKey, background: Background): Promise<CacheEntry>;
  /** Reads the row once for concurrent requests, then writes it to KV. `startedAfter` as for `SingleFlight.run`. */
  rowOnce(key: PresentedKey, background: Background, startedAfter: number): Promise<CacheEntry>;
  /** Reads rows one batch after another, until one fails. Never rejects. */
  reload(keys: readonly PresentedKey[], background: Background): Promise<void>;
  /** Reads the copy in KV; `null`: there is none, it cannot be read, or KV is slow or down. Never rejects. */
  copy(key: PresentedKey, background: Background): Promise<CacheEntry | null>;
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
  const readRow = createReadBatcher<PresentedKey, RowRead>({
    ...{ clock: parts.clock, maxRunning: MAX_STATEMENTS, maxKeys: BATCH_SIZE, limitMs: PRIMARY_TIMEOUT_MS },
    readAll: (keys, background) => readRows(parts, keys, PRIMARY_TIMEOUT_MS, background),
  });
  const readInTime = (key: PresentedKey, background: Background) =>
    withTimeout(parts.clock, PRIMARY_TIMEOUT_MS, "the key's row", readRow(key, background));
  const rows = createSingleFlight<KeyHash, CacheEntry>(parts.clock, PRIMARY_TIMEOUT_MS);
  const copies = createSingleFlight<KeyHash, CacheEntry | null>(parts.clock, KV_TIMEOUT_MS);

  return {
    row: async (key, background) => (await readInTime(key, background)).entry,
    rowOnce: (key, background, startedAfter) =>
      rows.run(key.hash, background, startedAfter, async () => {
        const { entry, read } = await readInTime(key, background);
        if (read !== null) background(writeCopy(parts, key.hash, read));
        return entry;
      }),
    async reload(keys, background) {
      for (let from = 0; from < keys.length; from += RELOAD_SIZE) {
        const batch = keys.slice(from, from + RELOAD_SIZE).filter(({ hash }) => isSuperseded(parts, hash));
        try {
          if (batch.length > 0) await readRows(parts, batch, RELOAD_TIMEOUT_MS, background);
        } catch (error) {
          return parts.onError("reload", error);
        }
      }
    },
    copy: (key, background) => copies.run(key.hash, background, Number.NEGATIVE_INFINITY, () => readCopy(parts, key)),
    reset() {
      rows.clear();
      copies.clear();
    },
  };
}

interface RowRead {
  readonly entry: CacheEntry;
  /** `null`: there is no such key. */
  readonly read: PrimaryRead | null;
}

/**
 * Reads the rows of some keys with one statement, and caches them: also when they come too late for their requests, since of a
 * queue that is longer than requests wait, nothing would ever be cached.
 */
function readRows(
  parts: BackingReadsParts,
  keys: readonly PresentedKey[],
  limitMs: number,
  background: Background,
): Promise<BatchResult<RowRead>> {
  const started = { at: parts.clock.now(), seq: parts.cache.knownSeq };
  const [first] = keys;
  return parts.breaker.run(limitMs, "the key's row", () => {
    const reads = keys.length === 1 && first ? readOne(parts, first) : readMany(parts, keys);
    const cached = reads.then((results) =>
      results.map((read, i) => cacheRow(parts, keys[i], read, started, background)),
    );
    background(cached.catch(() => undefined));
    return cached;
  });
}

type Row = PrimaryRead | Error | null;

const readMany = ({ records }: BackingReadsParts, keys: readonly PresentedKey[]): Promise<readonly Row[]> =>
  records.readByHashes(keys.map(({ hash }) => hash));

/** Most reads are of one key: an error of D1 is that of its statement, to be repeated. */
async function readOne({ records }: BackingReadsParts, { hash }: PresentedKey): Promise<readonly Row[]> {
  return [await records.readByHash(hash)];
}

function cacheRow(
  parts: BackingReadsParts,
  key: PresentedKey | undefined,
  read: Row | undefined,
  started: ReadStart,
  background: Background,
): RowRead | Error {
  if (key === undefined || read === undefined) throw new Error("a row was not read");
  if (read instanceof Error) return read;
  // Before it is cached: from there it is served without another look.
  if (read !== null && !isRecordOf(read.record, key.claims)) return notOf(key);
  if (read?.lacksSigningKeyId) background(addSigningKeyId(parts, key));
  const entry = entryFromPrimary(read, started, parts.random);
  // It replaces nothing.
  if (!entry.isOutdated) parts.cache.put(key.hash, entry, parts.clock.now());
  return { entry, read };
}

/** Whether a cached record has not been read again since its role was changed. */
function isSuperseded({ cache, clock }: BackingReadsParts, hash: KeyHash): boolean {
  return cache.getSuperseded(hash, clock.now()) !== null;
}

async function readCopy(
  { copies, clock, random, onError }: BackingReadsParts,
  key: PresentedKey,
): Promise<CacheEntry | null> {
  try {
    const copy = await withTimeout(clock, KV_TIMEOUT_MS, "KV", copies.get(key.hash));
    if (copy !== null && !isRecordOf(copy.record, key.claims)) throw notOf(key);
    return copy === null ? null : entryFromCopy(copy, clock.now(), random);
  } catch (error) {
    onError("kv_read", error);
    return null;
  }
}

/** A row or a copy of another key under this one's hash: somebody has written to storage. */
function notOf({ claims }: PresentedKey): CorruptRecord {
  return new CorruptRecord(`what is stored for key ${claims.keyId} is not of that key`);
}

async function addSigningKeyId({ records, onError }: BackingReadsParts, { claims }: PresentedKey): Promise<void> {
  try {
    await records.addSigningKeyId(String(claims.keyId), String(claims.signingKeyId));
  } catch (error) {
    // The next read of the row tries again.
    onError("signing_key_write", error);
  }
}

async function writeCopy({ copies, onError }: BackingReadsParts, hash: KeyHash, { copy }: PrimaryRead): Promise<void> {
  try {
    await copies.put(hash, copy);
  } catch (error) {
    onError("kv_write", error);
  }
}
