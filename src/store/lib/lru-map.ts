// A bounded map that drops the least recently used entries. It knows nothing of freshness.

/** A bounded map: reading an entry keeps it longest. */
export interface LruMap<K, V> {
  get(key: K): V | undefined;
  set(key: K, value: V): void;
  delete(key: K): void;
  clear(): void;
  /** Every entry; changes no order of use. */
  entries(): Iterable<[K, V]>;
  readonly size: number;
}

/**
 * A least-recently-used map in two generations: a hit in the young one is a single lookup and moves nothing, unlike in a
 * list in order of use, which every hit would have to reorder.
 *
 * @param limit the most entries that are kept, in both generations together
 */
export function createLruMap<K, V>(limit: number): LruMap<K, V> {
  const half = Math.max(1, Math.floor(limit / 2));
  let young = new Map<K, V>();
  let old = new Map<K, V>();

  function set(key: K, value: V): void {
    if (young.size >= half && !young.has(key)) {
      // A limit of one leaves no room for a second generation.
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
    *entries() {
      yield* young;
      yield* old;
    },
    get size() {
      return young.size + old.size;
    },
  };
}
