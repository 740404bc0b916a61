// What an isolate knows of the change log: how far it has read, and which readings it may no longer believe.

import type { Background } from "../common.ts";
import { createSingleFlight } from "../lib/single-flight.ts";
import { type CircuitBreaker, type Clock, StoreUnavailable, withinWindow } from "../lib/timeouts.ts";
import type { ChangeFeed, Changes, RecordRead } from "./ports.ts";

/** A feed read may keep a call waiting this long. */
const FEED_TIMEOUT_MS = 800;

/** From this age on the log is read behind an answer, so that steady traffic never waits for it. */
export const REFRESH_AFTER_MS = 5_000;

/** Up to so much later, so that isolates that were started by one burst do not go on reading in step. */
const REFRESH_JITTER_MS = 1_000;

/** After a failed read the next call does not wait for another one straight away. */
const PAUSE_AFTER_FAILURE_MS = 1_000;

/** More keys than this with a change to remember, and everything is dropped instead: memory stays bounded. */
const MAX_KEYS = 10_000;

export interface ChangeFeedParts {
  readonly source: ChangeFeed;
  readonly breaker: CircuitBreaker;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onError: (what: string, error: unknown) => void;
  /** The log has become shorter than it was: D1 was put back to an earlier point in time. */
  readonly onRewind: () => void;
}

export interface ChangeFeedReader {
  /** When the log was last read, by the clock before that read; -Infinity: never. Milliseconds since the epoch. */
  readonly readAt: number;
  /** False until the log has been read for the first time: then nothing speaks for a copy, or against it. */
  readonly initialized: boolean;
  /** True when no change after this reading is unknown here, and none of those known forbids it. */
  isCurrent(reading: RecordRead): boolean;
  /** The same for a copy out of KV, which may also be of a time that never came. */
  isCopyCurrent(copy: RecordRead): boolean;
  /** Reads on, one flight at a time, begun after `startedAfter`. @throws StoreUnavailable, or what the port throws */
  refresh(background: Background, startedAfter: number): Promise<void>;
  /** Starts a read behind the answer when it is time for one. */
  refreshIfDue(now: number, background: Background): void;
  /** The clock has gone back: no instant of before proves anything. What is known of the log stays. */
  resetTimestamps(): void;
}

/** The change feed of one isolate. */
export function createChangeFeedReader(parts: ChangeFeedParts): ChangeFeedReader {
  const { clock, breaker } = parts;
  const singleFlight = createSingleFlight<"log", void>(clock, FEED_TIMEOUT_MS);
  let readAt = Number.NEGATIVE_INFINITY;
  let dueAt = Number.NEGATIVE_INFINITY;
  let failedAt = Number.NEGATIVE_INFINITY;
  let initialized = false;
  let seq = 0;
  /** Readings from before this place are not believed: not all that came after them is known here. */
  let minSeq = 0;
  /** Copies up to this place are of a time that D1 has been put back from. */
  let rolledBackSeq = 0;
  let minVersions = new Map<string, number>();
  let reads = 0;
  let lastAppliedRead = 0;

  function dropAllBefore(place: number): void {
    minSeq = place;
    minVersions = new Map();
  }

  function apply({ oldestSeq, newestSeq, changes }: Changes): void {
    if (newestSeq < seq) {
      rolledBackSeq = Math.max(rolledBackSeq, seq);
      dropAllBefore(newestSeq);
      parts.onRewind();
    } else if (!initialized || oldestSeq > seq + 1) {
      // What lies between `seq` and `oldestSeq` is not told any more; readings from there on miss nothing.
      dropAllBefore(oldestSeq - 1);
    }
    for (const { seq: place, keyId, version } of changes) {
      if (keyId === null) minSeq = Math.max(minSeq, place);
      else minVersions.set(keyId, Math.max(version, minVersions.get(keyId) ?? 0));
    }
    if (minVersions.size > MAX_KEYS) dropAllBefore(newestSeq);
    seq = newestSeq;
    initialized = true;
  }

  async function read(): Promise<void> {
    // The bound counts from before the read: what was committed while it was under way may be missing from it.
    const startedAt = clock.now();
    reads += 1;
    const turn = reads;
    try {
      const changes = await breaker.run(FEED_TIMEOUT_MS, "the change feed", () => parts.source.since(seq));
      // Given up long ago and overtaken by a later one, or begun by a clock that has since gone back.
      if (turn < lastAppliedRead) return;
      lastAppliedRead = turn;
      apply(changes);
      readAt = startedAt;
      dueAt = clock.now() + REFRESH_AFTER_MS + parts.random() * REFRESH_JITTER_MS;
    } catch (error) {
      failedAt = clock.now();
      parts.onError("change_feed", error);
      throw error;
    }
  }

  const isPaused = () => withinWindow(clock.now(), failedAt, PAUSE_AFTER_FAILURE_MS);

  return {
    get readAt() {
      return readAt;
    },
    get initialized() {
      return initialized;
    },
    isCurrent: ({ record, asOf }) => asOf >= minSeq && record.version >= (minVersions.get(record.id) ?? 0),
    isCopyCurrent(copy) {
      return initialized && copy.asOf > rolledBackSeq && this.isCurrent(copy);
    },
    refresh(background, startedAfter) {
      if (isPaused()) return Promise.reject(new StoreUnavailable("the change feed failed a moment ago"));
      return singleFlight.run("log", background, startedAfter, read);
    },
    refreshIfDue(now, background) {
      if (now < dueAt || isPaused() || singleFlight.has("log")) return;
      singleFlight.run("log", background, Number.NEGATIVE_INFINITY, read).catch(() => undefined);
    },
    resetTimestamps() {
      readAt = Number.NEGATIVE_INFINITY;
      dueAt = Number.NEGATIVE_INFINITY;
      lastAppliedRead = reads + 1;
      singleFlight.clear();
    },
  };
}
