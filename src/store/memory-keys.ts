// The finder that the door asks: isolate memory first, then KV, then D1. What may be believed, recollection.ts decides;
// here is who is asked, in which order, and what a failure means. docs/operating.md states the bounds.
import type { KeyHash } from "../core/key.ts";
import { type Clock, createBreaker, StoreUnavailable, within } from "./budget.ts";
import { createFeed, type Feed, REFRESH_AFTER_MS } from "./feed.ts";
import { createKeyReads, type KeyReads } from "./key-reads.ts";
import type { Background, ChangeFeed, Found, KeyFinder, KeyTruth, Need, Unconfirmed, WarmKeys } from "./ports.ts";
import {
  CLOCK_TOLERANCE_MS,
  createRecollection,
  type Entry,
  FRESH_FOR_MS,
  isSettled,
  type Recollection,
} from "./recollection.ts";

/** Everything that a call may spend on being authorised. */
const WHOLE_BUDGET_MS = 1_500;

export interface FinderSettings {
  /** The most records that this isolate remembers. */
  readonly records: number;
  /** How long a read may live on what is remembered when D1 cannot be asked, beyond `FRESH_FOR_MS`. */
  readonly graceMs: number;
}

export interface FinderParts {
  readonly truth: KeyTruth;
  readonly changes: ChangeFeed;
  readonly warm: WarmKeys;
  readonly clock: Clock;
  readonly random: () => number;
  /** Told about faults that cost no answer: a feed or a copy that cannot be read or written. */
  readonly onFault: (what: string, error: unknown) => void;
}

/** The parts of one isolate, put together. */
interface Isolate {
  readonly clock: Clock;
  readonly known: Recollection;
  readonly feed: Feed;
  readonly reads: KeyReads;
  readonly graceMs: number;
  /** The clock's instant, after making sure that it has not been set back. */
  now(): number;
}

/** The finder of one isolate. Its fail direction is that of `KeyFinder`: it throws, and never invents a "no". */
export function createKeyFinder(parts: FinderParts, settings: FinderSettings): KeyFinder {
  const isolate = assemble(parts, settings);
  const { clock, known, feed } = isolate;
  return {
    recall(hash, background) {
      const now = isolate.now();
      const entry = known.recall(hash, now);
      if (entry === null) return null;
      if (!isSettled(entry, now)) {
        if (!known.isYounger(entry, FRESH_FOR_MS, now)) return null;
        feed.keepUp(now, background);
      }
      return { record: entry.record, source: "memory", ageMs: known.ageOf(entry, now), degraded: false };
    },
    async find(hash, need, background) {
      const startedAt = isolate.now();
      const search = need.exact
        ? searchExactly(isolate, hash, need, background)
        : searchRecent(isolate, hash, background);
      const result = await within(clock, WHOLE_BUDGET_MS, "the look-up", search);
      if (!("confirmed" in result)) return result;
      const leftMs = Math.max(0, WHOLE_BUDGET_MS - (clock.now() - startedAt));
      return { atHand: result.atHand, confirmed: handled(within(clock, leftMs, "the look-up", result.confirmed)) };
    },
    doubt: () => known.doubt(isolate.now()),
    async ready(background) {
      if (isolate.now() - feed.readAt >= REFRESH_AFTER_MS) await feed.refresh(background, known.doubtedAt);
    },
  };
}

function assemble(parts: FinderParts, settings: FinderSettings): Isolate {
  const { clock, random } = parts;
  const breaker = createBreaker(clock, random);
  const onRewind = () => known.clear();
  const feed: Feed = createFeed({ ...parts, source: parts.changes, breaker, onRewind });
  const known: Recollection = createRecollection(feed, settings.records);
  const reads = createKeyReads({ ...parts, breaker, known });
  let latest = Number.NEGATIVE_INFINITY;
  function now(): number {
    const instant = clock.now();
    if (instant >= latest) {
      latest = instant;
    } else if (instant < latest - CLOCK_TOLERANCE_MS) {
      latest = instant;
      known.startOver();
      reads.startOver();
    }
    return instant;
  }
  return { clock, known, feed, reads, graceMs: settings.graceMs, now };
}

/** For a call that needs no more than a recent answer. */
async function searchRecent(isolate: Isolate, hash: KeyHash, background: Background): Promise<Found | Unconfirmed> {
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
async function searchExactly(
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
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(nothing);
  return promise;
}
