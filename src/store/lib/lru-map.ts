// A bounded map that drops entries which were not used lately. It knows nothing of freshness.

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

/** The entries in numbered places, which are passed over in turn. */
interface Places<K, V> {
  readonly keys: K[];
  readonly values: V[];
  /** Whether an entry was read since its place was last passed over. */
  readonly used: boolean[];
}

/**
 * A map with the second-chance algorithm, an approximation of least recently used: a hit is a single lookup and one mark, and
 * moves nothing, unlike in a list in order of use. As many keys as the limit, read in turn, are all kept.
 *
 * @param limit the most entries that are kept
 */
export function createLruMap<K, V>(limit: number): LruMap<K, V> {
  const { keys, values, used }: Places<K, V> = { keys: [], values: [], used: [] };
  const placeOf = new Map<K, number>();
  /** The place that is looked at next. */
  let hand = 0;

  /** Drops the first entry that was not read since its place was last passed over. @returns its place */
  function evict(): number {
    for (; ; hand += 1) {
      if (hand >= keys.length) hand = 0;
      if (used[hand] === false) break;
      used[hand] = false;
    }
    placeOf.delete(keys[hand] as K);
    hand += 1;
    return hand - 1;
  }

  function write(place: number, key: K, value: V, isUsed: boolean): void {
    keys[place] = key;
    values[place] = value;
    used[place] = isUsed;
    placeOf.set(key, place);
  }

  function removeLast(): void {
    keys.pop();
    values.pop();
    used.pop();
  }

  return {
    get(key) {
      const place = placeOf.get(key);
      if (place === undefined) return undefined;
      used[place] = true;
      return values[place];
    },
    set(key, value) {
      const known = placeOf.get(key);
      if (known !== undefined) values[known] = value;
      else write(keys.length < limit ? keys.length : evict(), key, value, false);
    },
    delete(key) {
      const place = placeOf.get(key);
      if (place === undefined) return;
      placeOf.delete(key);
      // The last entry takes the place, so that none is empty.
      const last = keys.length - 1;
      if (place !== last) write(place, keys[last] as K, values[last] as V, used[last] === true);
      removeLast();
    },
    clear() {
      keys.length = 0;
      values.length = 0;
      used.length = 0;
      placeOf.clear();
      hand = 0;
    },
    *entries() {
      for (const [key, place] of placeOf) yield [key, values[place] as V];
    },
    get size() {
      return placeOf.size;
    },
  };
}
