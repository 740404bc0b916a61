// What one isolate remembers: a bounded map that forgets what has not been used for longest. Knows nothing of freshness.

/** A bounded map. Reading an entry keeps it; it never renews an entry's age. */
export interface LruMap<K, V> {
  get(key: K): V | undefined;
  set(key: K, value: V): void;
  delete(key: K): void;
  clear(): void;
  readonly size: number;
}

/**
 * A least-recently-used map in two generations: a hit in the young one costs a single look-up and moves nothing, unlike
 * one list in order of use, which every hit would have to mend.
 *
 * @param limit the most entries that are kept, in both generations together
 */
export function createLruMap<K, V>(limit: number): LruMap<K, V> {
  const half = Math.max(1, Math.floor(limit / 2));
  let young = new Map<K, V>();
  let old = new Map<K, V>();

  function set(key: K, value: V): void {
    if (young.size >= half && !young.has(key)) {
      // With one place in all there is no room for a second generation.
      old = limit > 1 ? young : new Map();
      young = new Map();
    }
    young.set(key, value);
    old.delete(key);
  }

  return {
    get(key) {
      const recent = young.get(key);
      if (recent !== undefined) return recent;
      const kept = old.get(key);
      if (kept !== undefined) set(key, kept);
      return kept;
    },
    set,
    delete(key) {
      young.delete(key);
      old.delete(key);
    },
    clear() {
      young.clear();
      old.clear();
    },
    get size() {
      return young.size + old.size;
    },
  };
}
