// The order in which a call's record is looked for, and what a failure on the way means: memory, KV, the change log, the
// row. What may be believed, recollection.ts decides.
import type { KeyHash } from "../core/key.ts";
import { type Clock, StoreUnavailable } from "./budget.ts";
import type { Feed } from "./feed.ts";
import type { KeyReads } from "./key-reads.ts";
import type { Background, Found, Need, Unconfirmed } from "./ports.ts";
import { type Entry, FRESH_FOR_MS, isSettled, type Recollection } from "./recollection.ts";

/** The parts of one isolate, put together. */
export interface Isolate {
  readonly clock: Clock;
  readonly known: Recollection;
  readonly feed: Feed;
  readonly reads: KeyReads;
  readonly graceMs: number;
  /** The clock's instant, after making sure that it has not been set back. */
  now(): number;
  /** Makes sure of an instant that somebody else has read off the clock. */
  heed(instant: number): void;
}

/** For a call that needs no more than a recent answer. */
export async function searchRecent(
  isolate: Isolate,
  hash: KeyHash,
  background: Background,
): Promise<Found | Unconfirmed> {
  const { known, feed, reads } = isolate;
  const entry = known.recall(hash, isolate.now()) ?? (await reads.copy(hash, background));
  // No copy, or one that the log is known to speak against: only the row can tell.
  if (entry === null || (feed.heard && !known.vouchesFor(entry))) return await readRow(isolate, hash, background);
  const now = isolate.now();
  if (stands(isolate, entry, now)) return remember(isolate, hash, entry, now, false);
  const confirmed = handled(confirm(isolate, hash, entry, background));
  return entry.record === null ? confirmed : { atHand: entry.record, confirmed };
}

/** For a call that needs what D1's primary says now. */
export async function searchExactly(
  isolate: Isolate,
  hash: KeyHash,
  need: Need,
  background: Background,
): Promise<Found | Unconfirmed> {
  const { known, reads } = isolate;
  const now = isolate.now();
  const entry = known.recall(hash, now);
  // What is final needs no second opinion, and must not cost one: a revoked key that keeps on calling.
  if (entry !== null && isSettled(entry, now)) return found(isolate, entry, "memory", now, false);
  const confirmed = handled(reads.row(hash).then((row) => found(isolate, row, "d1", isolate.now(), false)));
  if (!need.ahead) return await confirmed;
  // The row is on its way while KV is asked for something to go ahead with; whichever comes first.
  const copy = entry ?? (await Promise.race([reads.copy(hash, background), confirmed.then(nothing, nothing)]));
  return copy?.record ? { atHand: copy.record, confirmed } : await confirmed;
}

/** Settles an entry that is too old to be believed: the log first, and the row when the log speaks against it. */
async function confirm(isolate: Isolate, hash: KeyHash, entry: Entry, background: Background): Promise<Found> {
  try {
    await isolate.feed.refresh(background, isolate.known.doubtedAt);
  } catch (error) {
    return onGrace(isolate, hash, entry, error);
  }
  const now = isolate.now();
  if (!stands(isolate, entry, now)) return readRow(isolate, hash, background);
  return remember(isolate, hash, entry, now, false);
}

/** D1 should have been asked and could not be. */
function onGrace(isolate: Isolate, hash: KeyHash, entry: Entry, error: unknown): Found {
  const { known, graceMs } = isolate;
  const now = isolate.now();
  const bearable = known.vouchesFor(entry) && known.isYounger(entry, FRESH_FOR_MS + graceMs, now);
  if (bearable) return remember(isolate, hash, entry, now, true);
  // Known to be dead, though nobody can say now how well it is known: it stays shut, and 401 says so sooner than 503.
  if (isSettled(entry, now)) return found(isolate, entry, entry.source, now, true);
  if (error instanceof StoreUnavailable) throw error;
  throw new StoreUnavailable("the change feed cannot be read", { cause: error });
}

async function readRow(isolate: Isolate, hash: KeyHash, background: Background): Promise<Found> {
  const { known, feed, reads } = isolate;
  const row = await reads.rowOnce(hash, background, known.doubtedAt);
  const now = isolate.now();
  feed.keepUp(now, background);
  return found(isolate, row, "d1", now, false);
}

function stands({ known }: Isolate, entry: Entry, now: number): boolean {
  return known.vouchesFor(entry) && (isSettled(entry, now) || known.isYounger(entry, FRESH_FOR_MS, now));
}

function remember(isolate: Isolate, hash: KeyHash, entry: Entry, now: number, degraded: boolean): Found {
  const { known } = isolate;
  // Another call may have learnt something later meanwhile.
  const kept = known.recall(hash, now);
  if (kept !== null) return found(isolate, kept, "memory", now, degraded);
  known.put(hash, entry, now);
  return found(isolate, entry, entry.source, now, degraded);
}

function found({ known }: Isolate, entry: Entry, source: Found["source"], now: number, degraded: boolean): Found {
  return { record: entry.record, source, ageMs: known.ageOf(entry, now), degraded };
}

const nothing = () => null;

/** A promise whose rejection somebody will look at later, or nobody ever: either is fine. */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(nothing);
  return promise;
}
