// Reads the change feed of one isolate: when it is due, one read at a time, and with a pause after a failure.
import type { Background } from "../common.ts";
import type { CircuitBreaker } from "../lib/circuit-breaker.ts";
import { createSingleFlight } from "../lib/single-flight.ts";
import { type Clock, StoreUnavailable, withinWindow } from "../lib/timeouts.ts";
import { type ChangeLog, createChangeLog } from "./change-log.ts";
import type { ChangeFeed, RecordRead } from "./ports.ts";

/** How long a request may wait for a read of the feed. */
const FEED_TIMEOUT_MS = 800;

/** From this age on the feed is read in the background, so that steady traffic never waits for it. */
export const REFRESH_AFTER_MS = 5_000;

/** Spreads the reads of isolates that one burst has started. */
const REFRESH_JITTER_MS = 1_000;

/** After a failed read, further ones fail at once for this long. */
const PAUSE_AFTER_FAILURE_MS = 1_000;

export interface ChangeFeedParts {
  readonly source: ChangeFeed;
  readonly breaker: CircuitBreaker;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onError: (what: string, error: unknown) => void;
  /** Runs when the log is shorter than before: D1 was restored to an earlier time. */
  readonly onRewind: () => void;
  /** Runs when the keys of a role were superseded. */
  readonly onRoleChange: (background: Background) => void;
}

export interface ChangeFeedReader {
  /** When the feed was last read, by the clock before that read, in milliseconds since the epoch; -Infinity: never. */
  readonly readAt: number;
  /** The number of the newest line that was read; 0: none. */
  readonly seq: number;
  /** False until the feed was read for the first time: no copy can be validated yet. */
  readonly initialized: boolean;
  /** Whether no known change supersedes this read, and no unknown one can. */
  isCurrent(read: RecordRead): boolean;
  /** The same for a copy from KV, which may also come from a history that D1 was restored away from. */
  isCopyCurrent(copy: RecordRead): boolean;
  /** As of `ChangeLog`. */
  lastCurrentAt(read: RecordRead): number | null;
  /** Reads the feed, or joins a read that began after `startedAfter`. @throws StoreUnavailable, or what the port throws */
  refresh(background: Background, startedAfter: number): Promise<void>;
  /** Starts a read in the background when one is due. */
  refreshIfDue(now: number, background: Background): void;
  /** Resets every timestamp, since the clock was set back; the known changes stay. */
  resetTimestamps(): void;
}

export function createChangeFeedReader(parts: ChangeFeedParts): ChangeFeedReader {
  const log = createChangeLog();
  const schedule = createSchedule(parts);
  const singleFlight = createSingleFlight<"log", void>(parts.clock, FEED_TIMEOUT_MS);
  const read = async (background: Background) => {
    const startedAt = await readFeed(parts, log, schedule, reader.readAt, background);
    // The time before the read: it may miss what was committed while it ran.
    if (startedAt !== null) reader.readAt = startedAt;
  };

  // A property that is written, not a getter: every request reads it.
  const reader: ChangeFeedReader & { readAt: number } = {
    readAt: Number.NEGATIVE_INFINITY,
    get seq() {
      return log.seq;
    },
    get initialized() {
      return log.initialized;
    },
    isCurrent: log.isCurrent,
    isCopyCurrent: log.isCopyCurrent,
    lastCurrentAt: log.lastCurrentAt,
    refresh(background, startedAfter) {
      if (schedule.isPaused()) return Promise.reject(schedule.pauseError());
      return singleFlight.run("log", background, startedAfter, () => read(background));
    },
    refreshIfDue(now, background) {
      if (!schedule.isDue(now) || schedule.isPaused() || singleFlight.has("log")) return;
      singleFlight.run("log", background, Number.NEGATIVE_INFINITY, () => read(background)).catch(() => undefined);
    },
    resetTimestamps() {
      reader.readAt = Number.NEGATIVE_INFINITY;
      schedule.reset();
      log.resetTimestamps();
      singleFlight.clear();
    },
  };
  return reader;
}

/** @returns when the read began, or `null` when a later one was applied before it */
async function readFeed(
  parts: ChangeFeedParts,
  log: ChangeLog,
  schedule: Schedule,
  previousReadAt: number,
  background: Background,
): Promise<number | null> {
  const started = schedule.start();
  try {
    const changes = await parts.breaker.run(FEED_TIMEOUT_MS, "the change feed", () => parts.source.since(log.seq));
    if (schedule.isOvertaken(started)) return null;
    const { isRewound, hasRoleChanges } = log.apply(changes, previousReadAt);
    if (isRewound) parts.onRewind();
    if (hasRoleChanges) parts.onRoleChange(background);
    schedule.complete(started);
    return started.at;
  } catch (error) {
    schedule.fail(error);
    parts.onError("change_feed", error);
    throw error;
  }
}

type Schedule = ReturnType<typeof createSchedule>;

/** One read of the feed. */
interface StartedRead {
  readonly id: number;
  readonly at: number;
}

/** When the next read is due, and the order in which reads may be applied. */
function createSchedule({ clock, random }: Pick<ChangeFeedParts, "clock" | "random">) {
  let dueAt = Number.NEGATIVE_INFINITY;
  let failedAt = Number.NEGATIVE_INFINITY;
  let failure: unknown = null;
  let reads = 0;
  let lastAppliedRead = 0;

  return {
    isDue: (now: number) => now >= dueAt,
    isPaused: () => withinWindow(clock.now(), failedAt, PAUSE_AFTER_FAILURE_MS),
    start(): StartedRead {
      reads += 1;
      return { id: reads, at: clock.now() };
    },
    /** Whether a later read was applied, after this one timed out, or the clock was set back since this one began. */
    isOvertaken: ({ id }: StartedRead) => id < lastAppliedRead,
    complete({ id }: StartedRead): void {
      lastAppliedRead = id;
      dueAt = clock.now() + REFRESH_AFTER_MS + random() * REFRESH_JITTER_MS;
    },
    fail(error: unknown): void {
      failedAt = clock.now();
      failure = error;
    },
    pauseError: () => new StoreUnavailable("the change feed failed a moment ago", { cause: failure }),
    reset(): void {
      dueAt = Number.NEGATIVE_INFINITY;
      failedAt = Number.NEGATIVE_INFINITY;
      lastAppliedRead = reads + 1;
    },
  };
}
