// What a run must keep, and within which bounds.
// Written here with their source, not imported from what is judged.
/** docs/operating.md, "Revocation bounds": a read, while D1 is available. */
const READ_MS = 10_000;
/** docs/operating.md, "When a dependency fails": a lookup takes no longer. */
const LOOKUP_MS = 1_500;
/** docs/request-flow.md, "Bodies": every five seconds. */
export const OPEN_MS = 5_000 + LOOKUP_MS;
/** The same while D1 is out of reach: on the cached record, after two lookups. */
export const OPEN_CUT_OFF_MS = 5_000 + 2 * LOOKUP_MS;
/** docs/request-flow.md, "Bodies": authorized again when it took longer than a second. */
const UPLOAD_MS = 1_000 + LOOKUP_MS;
/** docs/operating.md, "Storage reads per request": one feed read in five seconds. */
const FEED_GAP_MS = 5_000;
/** docs/storage.md, "Memory of an isolate": a miss; and the read that has missed. */
export const MISS_MS = 5_000 + LOOKUP_MS;
/** Clocks that are right differ by at most this much. */
export const CLOCKS_DIFFER_MS = 6_000;
/** The time that an open breaker, a pause and a time limit add to a failure of D1, at most. */
export const TROUBLE_MS = 8_000;

/** STRONG_CHECK. */
export type StrongCheck = "mutations" | "all";

export interface Guarantee {
  readonly name: string;
  readonly unit: "ms" | "times";
  readonly bound: number;
  worst: number;
  /** The bound is a minimum. */
  readonly atLeast?: true;
}

export function isKept({ worst, bound, atLeast }: Guarantee): boolean {
  return atLeast ? worst >= bound : worst <= bound;
}

export type Guarantees = ReturnType<typeof createGuarantees>;

/** The guarantees under some settings, each with the worst case that nothing has happened yet. */
export function createGuarantees(strongCheck: StrongCheck, staleIfErrorMs: number) {
  const within = (name: string, bound: number): Guarantee => ({ name, unit: "ms", bound, worst: 0 });
  const never = (name: string): Guarantee => ({ name, unit: "times", bound: 0, worst: 0 });
  const unlessAll = (ms: number) => (strongCheck === "all" ? 0 : ms);
  const gap = { name: "time between two feed reads of an isolate", unit: "ms", bound: FEED_GAP_MS } as const;
  return {
    lateChange: within("a change is allowed after it was forbidden", 0),
    lateRead: within("a read is allowed after it was forbidden", unlessAll(READ_MS)),
    lateCutOff: within(
      "a read is allowed after it was forbidden, without a link to D1",
      unlessAll(READ_MS + staleIfErrorMs),
    ),
    lateOpen: within("an open response continues after it was forbidden", OPEN_MS),
    lateOpened: within(
      "an open response continues after it was forbidden, in its first seconds",
      unlessAll(READ_MS) + LOOKUP_MS,
    ),
    openCutOff: within(
      "an open response continues after it was forbidden, after a failure of D1",
      OPEN_CUT_OFF_MS + unlessAll(READ_MS + staleIfErrorMs),
    ),
    lateUpload: within("a long body is completed after it was forbidden", UPLOAD_MS),
    neverAllowed: never("a request is allowed that was never allowed, or after the key's expiry"),
    endedActor: never("a change is made by an actor who may not make it any more"),
    overwritten: never("a change is made of something that has changed since it was read"),
    unsaid: never("a change that was made is answered 503 though D1 answers"),
    deniedAgain: within("a read is denied after it was allowed again", unlessAll(READ_MS)),
    lateNew: within("a key is denied that was used before it was made", MISS_MS),
    wrong401: never("a valid key is answered 401"),
    wrong403: never("a permitted request is answered 403"),
    wrong503: never("a request is answered 503 though D1 answers"),
    wrongStale: never("a stale record is served though D1 answers, or to a change"),
    expiredTwice: never("an expiry is recorded twice"),
    gap: { ...gap, worst: Number.POSITIVE_INFINITY, atLeast: true } as Guarantee,
  };
}
