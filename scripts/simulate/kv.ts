// KV as the simulation has it: each location sees an earlier state and caches it, a write may be lost, and somebody writes the
// copy of one key under the name of another.
import type { Random, World } from "./world.ts";

/** The oldest state that a location shows is the sum: the delay of a write, and the cache of the location. */
const DELAY_MS = 90_000;
const CACHE_MS = 90_000;
const LOSS = 0.5;

/** The writes of all names, everywhere. */
export type KvHistory = Map<string, { readonly at: number; readonly value: string }[]>;

interface KvParts {
  readonly world: World;
  readonly random: Random;
  readonly history: KvHistory;
}

/** Writes land in any order: the last to arrive wins, and may be the older one. */
export function writeToKv({ world, history }: KvParts, name: string, value: string): void {
  const recent = (history.get(name) ?? []).slice(-20);
  history.set(name, [...recent, { at: world.now, value }]);
}

/** The namespace as one location sees it. */
export function connectKv(parts: KvParts): KVNamespace {
  const { world, random, history } = parts;
  const cached = new Map<string, { readonly until: number; readonly value: string | null }>();

  function read(name: string): string | null {
    const known = cached.get(name);
    if (known !== undefined && world.now < known.until) return known.value;
    const from = world.now - random.next() * DELAY_MS;
    const value = history.get(name)?.findLast(({ at }) => at <= from)?.value ?? null;
    cached.set(name, { until: world.now + random.next() * CACHE_MS, value });
    return value;
  }

  return {
    get(name: string) {
      return new Promise((resolve, reject) => {
        world.after(random.happens(0.02) ? random.between(60, 400) : random.between(1, 30), () => {
          if (random.happens(0.005)) reject(new Error("KV GET failed: 500"));
          else resolve(read(name));
        });
      });
    },
    put(name: string, value: string) {
      return new Promise<void>((resolve, reject) => {
        world.after(random.between(5, 400), () => {
          const isLost = random.happens(LOSS);
          if (!isLost) writeToKv(parts, name, value);
          if (isLost && random.happens(0.2)) reject(new Error("KV PUT failed"));
          else resolve();
        });
      });
    },
  } as unknown as KVNamespace;
}

/** Writes the copy of one key under the name of another, as anybody who can write to the namespace may. */
export function swapCopies(parts: KvParts): void {
  const names = [...parts.history.keys()].slice(-200);
  if (names.length < 2) return;
  const [from, to] = [parts.random.pick(names), parts.random.pick(names)];
  const value = parts.history.get(from)?.at(-1)?.value;
  if (from !== to && value !== undefined) writeToKv(parts, to, value);
}
