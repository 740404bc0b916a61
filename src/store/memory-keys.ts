// The finder that the door asks: isolate memory first, then KV, then D1, and the rule that decides what may be believed.
// docs/operating.md states its bounds. D1 is the truth; the change feed is the bound; nothing slides.
import { type KeyHash, type KeyRecord, keyStatus } from "../core/key.ts";
import { type Breaker, type Clock, createBreaker, StoreUnavailable, within } from "./budget.ts";
import { createFeed } from "./feed.ts";
import { createMemory } from "./memory.ts";
import type {
  Background,
  ChangeFeed,
  Found,
  KeyFinder,
  KeyTruth,
  Need,
  Reading,
  Unconfirmed,
  WarmKeys,
} from "./ports.ts";

/** A record that D1 confirmed this long ago is served; older, and the change feed is read first. */
export const FRESH_FOR_MS = 10_000;
/** From this age on the feed is read behind the answer, so that steady traffic never waits for it. */
export const REFRESH_AFTER_MS = 5_000;
/** "No such key" is remembered this long, and only for keys whose signature was good. */
const MISS_FOR_MS = 5_000;
/** However often it is used, a remembered record is read anew after this long (less a jitter of up to a tenth). */
const HARD_AGE_MS = 600_000;

const KV_BUDGET_MS = 75;
const TRUTH_BUDGET_MS = 1_000;
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
  /** Told about faults that cost no answer: a copy that cannot be read or written. */
  readonly onFault: (what: string, error: unknown) => void;
}

/** What is remembered: a record with the place in the log it is true for, or a miss. */
interface Entry {
  readonly record: KeyRecord | null;
  readonly asOf: number;
  /** When D1 itself was asked for it; -Infinity for a copy out of KV. */
  readonly confirmedAt: number;
  readonly dropAt: number;
  readonly source: "kv" | "d1";
}

/** The finder of one isolate. Its fail direction is that of `KeyFinder`: it throws, and never invents a "no". */
export function createKeyFinder(parts: FinderParts, settings: FinderSettings): KeyFinder {
  const { truth, warm, clock } = parts;
  const breaker: Breaker = createBreaker(clock, parts.random);
  const memory = createMemory<KeyHash, Entry>(settings.records);
  const feed = createFeed(parts.changes, breaker, clock, () => memory.clear());
  const flights = new Map<KeyHash, { readonly startedAt: number; readonly done: Promise<Found> }>();
  let doubtedAt = Number.NEGATIVE_INFINITY;

  /** Milliseconds since D1 vouched for an entry. A clock that has gone backwards proves nothing: infinitely old. */
  function ageOf(entry: Entry, now: number): number {
    const age = now - Math.max(entry.confirmedAt, feed.readAt);
    return age >= 0 ? age : Number.POSITIVE_INFINITY;
  }

  function isFresh(entry: Entry, now: number): boolean {
    return Math.max(entry.confirmedAt, feed.readAt) > doubtedAt && ageOf(entry, now) < FRESH_FOR_MS;
  }

  /** The entry that may still be believed if it is young enough; what can no longer be is forgotten here. */
  function remembered(hash: KeyHash, now: number): Entry | null {
    const entry = memory.get(hash);
    if (entry === undefined) return null;
    if (entry.record === null) {
      if (now >= entry.confirmedAt && now < entry.dropAt) return entry;
    } else if (now < entry.dropAt && feed.vouchesFor(entry as Reading)) {
      return entry;
    }
    memory.delete(hash);
    return null;
  }

  function found(entry: Entry, source: Found["source"], now: number, degraded = false): Found {
    return { record: entry.record, source, ageMs: ageOf(entry, now), degraded };
  }

  function keep(hash: KeyHash, reading: Reading | null, confirmedAt: number, now: number): Entry {
    const lifeMs = reading === null ? MISS_FOR_MS : HARD_AGE_MS * (1 - parts.random() / 10);
    const entry: Entry = {
      record: reading?.record ?? null,
      asOf: reading?.asOf ?? 0,
      confirmedAt,
      dropAt: (reading === null ? confirmedAt : now) + lifeMs,
      source: "d1",
    };
    const known = memory.get(hash);
    // A slow read must not put back what a later one has already replaced.
    if (known === undefined || known.confirmedAt <= confirmedAt) memory.set(hash, entry);
    return entry;
  }

  async function readTruth(hash: KeyHash, background: Background, tellKv: boolean): Promise<Found> {
    const askedAt = clock.now();
    const reading = await breaker.ask(TRUTH_BUDGET_MS, "the key's row", () => truth.readByHash(hash));
    const entry = keep(hash, reading, askedAt, clock.now());
    if (reading !== null && feed.readAt === Number.NEGATIVE_INFINITY) feed.refreshBehind(background);
    if (reading !== null && tellKv) {
      background(warm.put(hash, reading.copy).catch((error) => parts.onFault("kv_write", error)));
    }
    return found(entry, "d1", clock.now());
  }

  /** One read per hash at a time, for calls that need no more than a recent answer; KV had nothing, or the wrong thing. */
  function readTruthOnce(hash: KeyHash, background: Background): Promise<Found> {
    const flight = flights.get(hash);
    if (flight !== undefined && clock.now() - flight.startedAt < TRUTH_BUDGET_MS) {
      return within(clock, TRUTH_BUDGET_MS, "the key's row", flight.done);
    }
    const done = readTruth(hash, background, true).finally(() => {
      if (flights.get(hash)?.done === done) flights.delete(hash);
    });
    flights.set(hash, { startedAt: clock.now(), done });
    background(done.catch(() => undefined));
    return done;
  }

  async function fromWarmCopy(hash: KeyHash): Promise<Entry | null> {
    try {
      const reading = await within(clock, KV_BUDGET_MS, "KV", warm.get(hash));
      if (reading === null) return null;
      const dropAt = clock.now() + HARD_AGE_MS * (1 - parts.random() / 10);
      return { ...reading, confirmedAt: Number.NEGATIVE_INFINITY, dropAt, source: "kv" };
    } catch (error) {
      // KV is a shortcut: late, broken or unreadable, D1 decides as if it were not there.
      parts.onFault("kv_read", error);
      return null;
    }
  }

  /** Believed only between the two ends of what this isolate knows of the log. */
  function vouchesForCopy(entry: Entry): boolean {
    return entry.asOf <= feed.seq && feed.vouchesFor(entry as Reading);
  }

  /** Settles an entry that is too old to be believed: the feed first, and the row when the feed speaks against it. */
  async function confirm(hash: KeyHash, entry: Entry, background: Background): Promise<Found> {
    const known = entry.source === "d1" || vouchesForCopy(entry);
    try {
      await feed.refresh(background);
    } catch (error) {
      const ageMs = ageOf(entry, clock.now());
      if (known && ageMs < FRESH_FOR_MS + settings.graceMs) return found(entry, "memory", clock.now(), true);
      if (error instanceof StoreUnavailable) throw error;
      throw new StoreUnavailable("the change feed cannot be read", { cause: error });
    }
    const trusted = entry.source === "d1" ? feed.vouchesFor(entry as Reading) : vouchesForCopy(entry);
    if (!trusted || !isFresh(entry, clock.now())) return readTruthOnce(hash, background);
    if (memory.get(hash) === undefined) memory.set(hash, entry);
    return found(entry, entry.source === "kv" ? "kv" : "memory", clock.now());
  }

  /** Nothing that could still come would open it again: a tombstone is final, and an expiry never moves back. */
  function isFinal(record: KeyRecord | null, now: number): boolean {
    return record !== null && keyStatus(record, now) !== "ACTIVE";
  }

  async function search(hash: KeyHash, need: Need, background: Background): Promise<Found | Unconfirmed> {
    const now = clock.now();
    let entry = remembered(hash, now);
    if (entry?.record === null) return found(entry, "memory", now);
    if (entry !== null && isFinal(entry.record, now)) return found(entry, "memory", now);
    if (need.exact) {
      const confirmed = readTruth(hash, background, false);
      if (!need.ahead) return confirmed;
      // Started together: the row is on its way while KV is asked for something to go ahead with.
      confirmed.catch(() => undefined);
      entry ??= await fromWarmCopy(hash);
      return entry?.record ? { atHand: entry.record, confirmed } : confirmed;
    }
    entry ??= await fromWarmCopy(hash);
    if (!entry?.record) return readTruthOnce(hash, background);
    const here = clock.now();
    if (isFinal(entry.record, here)) return found(entry, entry.source, here);
    if (isFresh(entry, here) && (entry.source === "d1" || vouchesForCopy(entry))) {
      memory.set(hash, entry);
      return found(entry, entry.source, here);
    }
    const confirmed = confirm(hash, entry, background);
    confirmed.catch(() => undefined);
    return { atHand: entry.record, confirmed };
  }

  return {
    recall(hash, background) {
      const now = clock.now();
      const entry = remembered(hash, now);
      if (entry === null) return null;
      if (entry.record === null || isFinal(entry.record, now)) return found(entry, "memory", now);
      if (!isFresh(entry, now)) return null;
      if (now - feed.readAt >= REFRESH_AFTER_MS) feed.refreshBehind(background);
      return found(entry, "memory", now);
    },
    async find(hash, need, background) {
      const startedAt = clock.now();
      const result = await within(clock, WHOLE_BUDGET_MS, "the look-up", search(hash, need, background));
      if (!("confirmed" in result)) return result;
      const leftMs = Math.max(0, WHOLE_BUDGET_MS - (clock.now() - startedAt));
      const confirmed = within(clock, leftMs, "the look-up", result.confirmed);
      confirmed.catch(() => undefined);
      return { atHand: result.atHand, confirmed };
    },
    doubt() {
      doubtedAt = clock.now();
    },
    async ready(background) {
      if (clock.now() - feed.readAt < REFRESH_AFTER_MS) return;
      await feed.refresh(background);
    },
  };
}
