// What an isolate knows of the change log: how far it has read, and which readings it may no longer believe.
import { type Breaker, type Clock, isWithin, StoreUnavailable } from "./budget.ts";
import { createFlights } from "./flights.ts";
import type { Background, ChangeFeed, Changes, Reading } from "./ports.ts";

/** A feed read may keep a call waiting this long. */
const FEED_BUDGET_MS = 800;

/** From this age on the log is read behind an answer, so that steady traffic never waits for it. */
export const REFRESH_AFTER_MS = 5_000;

/** Up to so much later, so that isolates that were started by one burst do not go on reading in step. */
const REFRESH_JITTER_MS = 1_000;

/** After a failed read the next call does not wait for another one straight away. */
const PAUSE_AFTER_FAILURE_MS = 1_000;

/** More keys than this with a change to remember, and everything is dropped instead: memory stays bounded. */
const MOST_KEYS = 10_000;

export interface FeedParts {
  readonly source: ChangeFeed;
  readonly breaker: Breaker;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onFault: (what: string, error: unknown) => void;
  /** The log has become shorter than it was: D1 was put back to an earlier point in time. */
  readonly onRewind: () => void;
}

export interface Feed {
  /** When the log was last read, by the clock before that read; -Infinity: never. Milliseconds since the epoch. */
  readonly readAt: number;
  /** False until the log has been read for the first time: then nothing speaks for a copy, or against it. */
  readonly heard: boolean;
  /** True when no change after this reading is unknown here, and none of those known forbids it. */
  vouchesFor(reading: Reading): boolean;
  /** The same for a copy out of KV, which may also be of a time that never came. */
  vouchesForCopy(copy: Reading): boolean;
  /** Reads on, one flight at a time, begun after `notBefore`. @throws StoreUnavailable, or what the port throws */
  refresh(background: Background, notBefore: number): Promise<void>;
  /** Starts a read behind the answer when it is time for one. */
  keepUp(now: number, background: Background): void;
  /** The clock has gone back: no instant of before proves anything. What is known of the log stays. */
  forgetInstants(): void;
}

/** The change feed of one isolate. */
export function createFeed(parts: FeedParts): Feed {
  const { clock, breaker } = parts;
  const flights = createFlights<"log", void>(clock, FEED_BUDGET_MS);
  let readAt = Number.NEGATIVE_INFINITY;
  let dueAt = Number.NEGATIVE_INFINITY;
  let failedAt = Number.NEGATIVE_INFINITY;
  let heard = false;
  let seq = 0;
  /** Readings from before this place are not believed: not all that came after them is known here. */
  let since = 0;
  /** Copies up to this place are of a time that D1 has been put back from. */
  let undone = 0;
  let least = new Map<string, number>();
  let reads = 0;
  let oldestValid = 0;

  function dropAllBefore(place: number): void {
    since = place;
    least = new Map();
  }

  function apply({ floor, head, changes }: Changes): void {
    if (head < seq) {
      undone = Math.max(undone, seq);
      dropAllBefore(head);
      parts.onRewind();
    } else if (!heard || floor > seq + 1) {
      // What lies between `seq` and `floor` is not told any more; readings from there on miss nothing.
      dropAllBefore(floor - 1);
    }
    for (const { seq: place, keyId, version } of changes) {
      if (keyId === null) since = Math.max(since, place);
      else least.set(keyId, Math.max(version, least.get(keyId) ?? 0));
    }
    if (least.size > MOST_KEYS) dropAllBefore(head);
    seq = head;
    heard = true;
  }

  async function read(): Promise<void> {
    // The bound counts from before the read: what was committed while it was under way may be missing from it.
    const startedAt = clock.now();
    reads += 1;
    const turn = reads;
    try {
      const changes = await breaker.ask(FEED_BUDGET_MS, "the change feed", () => parts.source.since(seq));
      // Given up long ago and overtaken by a later one, or begun by a clock that has since gone back.
      if (turn < oldestValid) return;
      oldestValid = turn;
      apply(changes);
      readAt = startedAt;
      dueAt = clock.now() + REFRESH_AFTER_MS + parts.random() * REFRESH_JITTER_MS;
    } catch (error) {
      failedAt = clock.now();
      parts.onFault("change_feed", error);
      throw error;
    }
  }

  const isPaused = () => isWithin(clock.now(), failedAt, PAUSE_AFTER_FAILURE_MS);

  return {
    get readAt() {
      return readAt;
    },
    get heard() {
      return heard;
    },
    vouchesFor: ({ record, asOf }) => asOf >= since && record.version >= (least.get(record.id) ?? 0),
    vouchesForCopy(copy) {
      return heard && copy.asOf > undone && this.vouchesFor(copy);
    },
    refresh(background, notBefore) {
      if (isPaused()) return Promise.reject(new StoreUnavailable("the change feed failed a moment ago"));
      return flights.join("log", background, notBefore, read);
    },
    keepUp(now, background) {
      if (now < dueAt || isPaused() || flights.has("log")) return;
      flights.join("log", background, Number.NEGATIVE_INFINITY, read).catch(() => undefined);
    },
    forgetInstants() {
      readAt = Number.NEGATIVE_INFINITY;
      dueAt = Number.NEGATIVE_INFINITY;
      oldestValid = reads + 1;
      flights.clear();
    },
  };
}
