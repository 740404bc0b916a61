// The storage of one isolate: a D1 that is far away, fails now and then and cannot be reached at times, and a KV that is
// late, loses half of its writes, and caches what it does not have.
import type { KeyHash } from "../../src/core/access/principal.ts";
import type { ChangeFeed, KeyCopies, KeyCopy, KeyRecordSource } from "../../src/store/key-cache/ports.ts";
import { decodeRecord } from "../../src/store/key-cache/record-codec.ts";
import type { Surroundings } from "./isolate.ts";

/** The oldest state that a location of KV shows is the sum: the delay of a write, and the cache of the location. */
const KV_DELAY_MS = 90_000;
const KV_CACHE_MS = 90_000;
const KV_LOSS = 0.5;

/** D1 is either well within every time limit, or beyond all of them. */
const GIVEN_UP_MS = 800;

/** The writes to KV, everywhere. */
export type KvHistory = Map<KeyHash, { readonly at: number; readonly copy: KeyCopy }[]>;

/** Writes land in any order: the last to arrive wins, and may be the older one. */
export function writeToKv(history: KvHistory, hash: KeyHash, at: number, copy: KeyCopy): void {
  history.set(hash, [...(history.get(hash) ?? []), { at, copy }]);
}

/** The link of one isolate to D1. */
export interface Link {
  /** Until when this isolate cannot reach D1; `silent`: it gets no error either. */
  cutOffUntil: number;
  silent: boolean;
}

/** D1 over the link of one isolate. */
export function connectD1(surroundings: Surroundings, link: Link): KeyRecordSource & ChangeFeed {
  const { world, random, primary, judge } = surroundings;
  /** When D1 was asked for the change feed and answered. */
  let feedReadAt = -1e9;

  function errorOf(isCutOff: boolean): string | null {
    const value = random.next();
    if (isCutOff) return "D1_ERROR: internal error";
    if (value < 0.01) return "D1_ERROR: Network connection lost.";
    return value < 0.011 ? "D1_ERROR: D1 DB is overloaded. Requests queued for too long." : null;
  }

  function query<T>(read: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const isCutOff = world.now < link.cutOffUntil;
      if (isCutOff && link.silent) return;
      const latencyMs = random.happens(0.003) ? random.between(900, 2_000) : random.between(4, 70);
      const thereMs = latencyMs * random.next();
      world.after(thereMs, () => {
        const error = errorOf(isCutOff);
        // The result is of the time at which D1 runs the query, not of the time at which it arrives here.
        const result = error === null ? read() : null;
        world.after(latencyMs - thereMs, () => (error === null ? resolve(result as T) : reject(new Error(error))));
      });
    });
  }

  return {
    readByHash: (hash) => query(() => primary.read(hash)),
    readByHashes: (hashes) => query(() => hashes.map((hash) => primary.read(hash))),
    // The rows of the simulation have it.
    addSigningKeyId: async () => undefined,
    async since(seq) {
      const askedAt = world.now;
      const changes = await query(() => primary.since(seq));
      // The key resolver has given up by then: to it, D1 did not answer.
      if (world.now - askedAt > GIVEN_UP_MS) return changes;
      judge.noteGap(askedAt - feedReadAt);
      feedReadAt = askedAt;
      return changes;
    },
  };
}

/** KV as one location sees it: an earlier state, which the location caches for a while. */
export function connectKv({ world, random, history }: Surroundings): KeyCopies {
  const cached = new Map<KeyHash, { readonly until: number; readonly copy: KeyCopy | null }>();

  function read(hash: KeyHash): KeyCopy | null {
    const known = cached.get(hash);
    if (known !== undefined && world.now < known.until) return known.copy;
    const from = world.now - random.next() * KV_DELAY_MS;
    const copy = history.get(hash)?.findLast((write) => write.at <= from)?.copy ?? null;
    cached.set(hash, { until: world.now + random.next() * KV_CACHE_MS, copy });
    return copy;
  }

  return {
    get(hash) {
      return new Promise((resolve, reject) => {
        world.after(random.happens(0.02) ? random.between(60, 400) : random.between(1, 30), () => {
          if (random.happens(0.005)) return reject(new Error("KV GET failed: 500"));
          const copy = read(hash);
          resolve(copy && { record: decodeRecord({ ...copy }), asOf: copy.asOf });
        });
      });
    },
    put(hash, copy) {
      return new Promise((resolve, reject) => {
        world.after(random.between(5, 400), () => {
          if (random.happens(KV_LOSS)) return random.happens(0.2) ? reject(new Error("KV PUT failed")) : resolve(true);
          writeToKv(history, hash, world.now, copy);
          resolve(true);
        });
      });
    },
  };
}
