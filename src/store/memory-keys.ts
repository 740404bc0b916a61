// The finder that the door asks, put together for one isolate: what is remembered first, and look-up.ts when that is not
// enough, within the time that a call may spend. docs/operating.md states the bounds.
import { type Clock, createBreaker, within } from "./budget.ts";
import { createFeed, type Feed, REFRESH_AFTER_MS } from "./feed.ts";
import { createKeyReads } from "./key-reads.ts";
import { handled, type Isolate, searchExactly, searchRecent } from "./look-up.ts";
import type { ChangeFeed, KeyFinder, KeyTruth, WarmKeys } from "./ports.ts";
import { CLOCK_TOLERANCE_MS, createRecollection, FRESH_FOR_MS, isSettled, type Recollection } from "./recollection.ts";

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

/** The finder of one isolate. Its fail direction is that of `KeyFinder`: it throws, and never invents a "no". */
export function createKeyFinder(parts: FinderParts, settings: FinderSettings): KeyFinder {
  const isolate = assemble(parts, settings);
  const { clock, known, feed } = isolate;
  return {
    recall(hash, now, background) {
      isolate.heed(now);
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
  function heed(instant: number): void {
    if (instant >= latest) {
      latest = instant;
    } else if (instant < latest - CLOCK_TOLERANCE_MS) {
      latest = instant;
      known.startOver();
      reads.startOver();
    }
  }
  function now(): number {
    const instant = clock.now();
    heed(instant);
    return instant;
  }
  return { clock, known, feed, reads, graceMs: settings.graceMs, now, heed };
}
