// What an isolate knows of the change log: how far it has read, and which versions it may no longer believe.
import { type Breaker, type Clock, StoreUnavailable, within } from "./budget.ts";
import type { Background, ChangeFeed, Reading } from "./ports.ts";

/** A feed read may keep a call waiting this long. */
const FEED_BUDGET_MS = 800;

/** After a failed read the next call does not wait for another one straight away. */
const PAUSE_AFTER_FAILURE_MS = 1_000;

/** More keys than this with a change to remember, and everything is dropped instead: memory stays bounded. */
const MOST_KEYS = 10_000;

export interface Feed {
  /** When the log was last read, by the clock before that read; -Infinity: never. Milliseconds since the epoch. */
  readonly readAt: number;
  /** The last place read in the log. */
  readonly seq: number;
  /** True when no change after this reading is unknown here, and none of those known forbids it. */
  vouchesFor(reading: Reading): boolean;
  /** Reads on from where it was; one flight at a time. @throws StoreUnavailable, or what the port throws */
  refresh(background: Background): Promise<void>;
  /** Starts a read behind the answer, unless one is under way. */
  refreshBehind(background: Background): void;
}

/**
 * The change feed of one isolate.
 *
 * @param onRewind called when the log has become shorter than it was: D1 was restored to an earlier point in time
 */
export function createFeed(source: ChangeFeed, breaker: Breaker, clock: Clock, onRewind: () => void): Feed {
  let readAt = Number.NEGATIVE_INFINITY;
  let seq = 0;
  /** Readings from before this place are not believed: the log no longer tells all that came after them. */
  let since = Number.POSITIVE_INFINITY;
  let least = new Map<string, number>();
  let flight: { readonly startedAt: number; readonly done: Promise<void> } | null = null;
  let pausedUntil = Number.NEGATIVE_INFINITY;

  function dropAllBefore(place: number): void {
    since = place;
    least = new Map();
  }

  async function read(): Promise<void> {
    // The bound counts from before the read: what was committed while it was under way may be missing from it.
    const startedAt = clock.now();
    try {
      const { floor, head, changes, complete } = await breaker.ask(FEED_BUDGET_MS, "the change feed", () =>
        source.since(seq),
      );
      const first = readAt === Number.NEGATIVE_INFINITY;
      if (!complete) dropAllBefore(head);
      else if (first) since = floor - 1;
      // Rows between `seq` and `floor` were pruned unread: this isolate was cut off for longer than the log lives.
      else if (floor > seq + 1) dropAllBefore(head);
      // The database was put back to an earlier state: what was remembered may be of a time that never came.
      if (head < seq) onRewind();
      for (const change of changes) {
        if (change.keyId === null) dropAllBefore(change.seq);
        else least.set(change.keyId, Math.max(change.version, least.get(change.keyId) ?? 0));
      }
      if (least.size > MOST_KEYS) dropAllBefore(head);
      seq = head;
      readAt = startedAt;
    } catch (error) {
      pausedUntil = clock.now() + PAUSE_AFTER_FAILURE_MS;
      throw error;
    }
  }

  function fly(background: Background): Promise<void> {
    const startedAt = clock.now();
    const done = read().finally(() => {
      if (flight?.done === done) flight = null;
    });
    flight = { startedAt, done };
    // The read outlives the call that began it: others wait for it, and a caller that hangs up must not end it.
    background(done.catch(() => undefined));
    return done;
  }

  return {
    get readAt() {
      return readAt;
    },
    get seq() {
      return seq;
    },
    vouchesFor({ record, asOf }) {
      return asOf >= since && record.version >= (least.get(record.id) ?? 0);
    },
    refresh(background) {
      if (clock.now() < pausedUntil) return Promise.reject(new StoreUnavailable("the change feed failed a moment ago"));
      // A flight whose own call has died may never land: its followers wait no longer than it could, then go themselves.
      if (flight !== null && clock.now() - flight.startedAt < FEED_BUDGET_MS) {
        return within(clock, FEED_BUDGET_MS, "the change feed", flight.done);
      }
      return fly(background);
    },
    refreshBehind(background) {
      const now = clock.now();
      if (now < pausedUntil || (flight !== null && now - flight.startedAt < FEED_BUDGET_MS)) return;
      fly(background).catch(() => undefined);
    },
  };
}
