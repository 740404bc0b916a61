// The storage of one isolate as it meets it: a D1 that is far away, now and then fails and at times cannot be reached at
// all, and a KV that is late, loses half of what it is told, and remembers what it did not have.
import type { KeyHash } from "../../src/core/access/principal.ts";
import type { ChangeFeed, KeyCopies, KeyCopy, KeyRecordSource } from "../../src/store/key-cache/ports.ts";
import { decodeRecord } from "../../src/store/key-cache/record-codec.ts";
import type { Truth } from "./truth.ts";
import type { Chance, World } from "./world.ts";

/** The oldest state that a place shows: half of it by lateness, half because a place keeps what it has read once. */
const KV_LATE_MS = 90_000;
const KV_KEPT_MS = 90_000;
const KV_LOSES = 0.5;

/** D1 is either well within every budget, or beyond all of them. */
const GIVEN_UP_MS = 800;

/** What KV was told, everywhere. */
export type KvHistory = Map<KeyHash, { readonly at: number; readonly copy: KeyCopy }[]>;

export interface Reach {
  /** Until when this isolate cannot reach D1, and how it learns so: at once, or never. */
  cutOffUntil: number;
  silent: boolean;
  rowReads: number;
  copyReads: number;
  /** When D1 was asked for the log and answered. */
  logReadAt: number;
  logReads: number;
  shortestGapMs: number;
}

export function createReach(): Reach {
  const counts = { rowReads: 0, copyReads: 0, logReads: 0 };
  return { cutOffUntil: 0, silent: false, ...counts, logReadAt: -1e9, shortestGapMs: Number.POSITIVE_INFINITY };
}

/** D1 as one isolate reaches it. */
export function reachD1(world: World, chance: Chance, truth: Truth, reach: Reach): KeyRecordSource & ChangeFeed {
  function ask<T>(read: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const isCut = world.now < reach.cutOffUntil;
      if (isCut && reach.silent) return;
      const latencyMs = chance.happens(0.003) ? chance.between(900, 2_000) : chance.between(4, 70);
      const there = latencyMs * chance.next();
      world.after(there, () => {
        const luck = chance.next();
        const fault = isCut
          ? "D1_ERROR: internal error"
          : luck < 0.01
            ? "D1_ERROR: Network connection lost."
            : luck < 0.011
              ? "D1_ERROR: D1 DB is overloaded. Requests queued for too long."
              : null;
        // What D1 says was true when it was asked there, not when it is heard here.
        const said = fault === null ? read() : null;
        world.after(latencyMs - there, () => (fault === null ? resolve(said as T) : reject(new Error(fault))));
      });
    });
  }

  return {
    readByHash(hash) {
      reach.rowReads += 1;
      return ask(() => truth.read(hash));
    },
    async since(seq) {
      const askedAt = world.now;
      const changes = await ask(() => truth.since(seq));
      reach.logReads += 1;
      // Given up by then: whoever asked has been told that D1 did not answer.
      if (world.now - askedAt > GIVEN_UP_MS) return changes;
      reach.shortestGapMs = Math.min(reach.shortestGapMs, askedAt - reach.logReadAt);
      reach.logReadAt = askedAt;
      return changes;
    },
  };
}

/** KV as one place sees it: a state of some time ago, which the place keeps for a while. */
export function reachKv(world: World, chance: Chance, history: KvHistory, reach: Reach): KeyCopies {
  const kept = new Map<KeyHash, { readonly until: number; readonly copy: KeyCopy | null }>();

  function shown(hash: KeyHash): KeyCopy | null {
    const known = kept.get(hash);
    if (known !== undefined && world.now < known.until) return known.copy;
    const from = world.now - chance.next() * KV_LATE_MS;
    const copy = history.get(hash)?.findLast((write) => write.at <= from)?.copy ?? null;
    kept.set(hash, { until: world.now + chance.next() * KV_KEPT_MS, copy });
    return copy;
  }

  return {
    get(hash) {
      reach.copyReads += 1;
      return new Promise((resolve, reject) => {
        const latencyMs = chance.happens(0.02) ? chance.between(60, 400) : chance.between(1, 30);
        world.after(latencyMs, () => {
          if (chance.happens(0.005)) return reject(new Error("KV GET failed: 500"));
          const copy = shown(hash);
          resolve(copy && { record: decodeRecord({ ...copy }), asOf: copy.asOf });
        });
      });
    },
    put(hash, copy) {
      return new Promise((resolve, reject) => {
        world.after(chance.between(5, 400), () => {
          if (chance.happens(KV_LOSES)) return chance.happens(0.2) ? reject(new Error("KV PUT failed")) : resolve();
          const writes = history.get(hash);
          // Writes land in any order: the last to arrive wins, and it may well be the older one.
          if (writes === undefined) history.set(hash, [{ at: world.now, copy }]);
          else writes.push({ at: world.now, copy });
          resolve();
        });
      });
    },
  };
}
