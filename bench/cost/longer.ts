// What longer intervals between two writes of a key's last use would cost, counted beside what src/store/api-keys/usage.ts writes.

export interface Longer {
  /** A use, in an isolate, at an instant. */
  note(isolate: number, keyId: string, now: number): void;
  /** Writes so far, by the minutes of the interval. */
  readonly writes: ReadonlyMap<number, number>;
  reset(): void;
}

/** Counts by the rule of today, "the first at once, then at most once in so many minutes", for each of these intervals. */
export function createLonger(minutes: readonly number[]): Longer {
  const writes = new Map(minutes.map((each) => [each, 0]));
  const writtenAt = new Map<string, number>();
  return {
    note(isolate, keyId, now) {
      for (const each of minutes) {
        const name = `${each} ${isolate} ${keyId}`;
        if (now - (writtenAt.get(name) ?? Number.NEGATIVE_INFINITY) < each * 60_000) continue;
        writtenAt.set(name, now);
        writes.set(each, (writes.get(each) ?? 0) + 1);
      }
    },
    writes,
    reset: () => minutes.forEach((each) => void writes.set(each, 0)),
  };
}
