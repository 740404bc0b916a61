// The judge of a run: compares everything that a client, an upstream or the database sees with what was true, and keeps the worst
// case of each guarantee beside its bound.
import type { History, Kind, State, Truth } from "./truth.ts";
import { EPOCH } from "./world.ts";

// Written here with their source, not imported from what is judged.
/** docs/operating.md, "Revocation bounds": a read, while D1 is available. */
const READ_MS = 10_000;
/** docs/operating.md, "When a dependency fails": a lookup takes no longer. */
const LOOKUP_MS = 1_500;
/** docs/request-flow.md, "Bodies": every five seconds. */
const OPEN_MS = 5_000 + LOOKUP_MS;
/** The same while D1 is out of reach: on the cached record, after two lookups. */
const OPEN_CUT_OFF_MS = 5_000 + 2 * LOOKUP_MS;
/** docs/request-flow.md, "Bodies": authorized again when it took longer than a second. */
const UPLOAD_MS = 1_000 + LOOKUP_MS;
/** docs/operating.md, "Storage reads per request": one feed read in five seconds. */
const FEED_GAP_MS = 5_000;
/** docs/storage.md, "Memory of an isolate": a miss; and the read that has missed. */
const MISS_MS = 5_000 + LOOKUP_MS;
/** Clocks that are right differ by at most this much. */
const CLOCKS_DIFFER_MS = 6_000;
/** The time that an open breaker, a pause and a time limit add to a failure of D1, at most. */
const TROUBLE_MS = 8_000;

export type StrongCheck = "mutations" | "all";

/** What an isolate was asked, and what it answered. Times are of the world. */
export interface Decided {
  readonly id: string;
  readonly kind: Kind;
  readonly status: number;
  /** The role that the upstream was told; `null`: nothing was forwarded. */
  readonly toldRole: string | null;
  readonly cameAt: number;
  readonly decidedAt: number;
  /** What the isolate's clock said when the request came, in milliseconds since the epoch. */
  readonly clock: number;
  /** What it said when the response came, in case that it was corrected meanwhile. */
  readonly clockAtEnd: number;
  readonly degraded: boolean;
  /** When a statement of the isolate last failed. */
  readonly troubleAt: number;
  /** Whether the isolate's clock is wrong by more than clocks differ. */
  readonly isClockWrong: boolean;
}

/** A request under way: since when, and the state of its isolate. */
export interface UnderWay {
  readonly openedAt: number;
  readonly skewMs: number;
  readonly steppedAt: number;
  readonly troubleAt: number;
}

export interface Guarantee {
  readonly name: string;
  readonly unit: "ms" | "times";
  readonly bound: number;
  worst: number;
  /** The bound is a minimum. */
  readonly atLeast?: true;
}

export type Judge = ReturnType<typeof createJudge>;

export function isKept({ worst, bound, atLeast }: Guarantee): boolean {
  return atLeast ? worst >= bound : worst <= bound;
}

export function createJudge(truth: Truth, strongCheck: StrongCheck, staleIfErrorMs: number) {
  const answered = {
    allowed: 0,
    denied: 0,
    degraded: 0,
    unavailable: 0,
    speculated: 0,
    changed: 0,
    completed: 0,
    cut: 0,
  };
  const guarantees: Guarantee[] = [];
  const within = (name: string, bound: number): Guarantee => {
    const guarantee: Guarantee = { name, unit: "ms", bound, worst: 0 };
    guarantees.push(guarantee);
    return guarantee;
  };
  const never = (name: string): Guarantee => {
    const guarantee: Guarantee = { name, unit: "times", bound: 0, worst: 0 };
    guarantees.push(guarantee);
    return guarantee;
  };
  const unlessAll = (ms: number) => (strongCheck === "all" ? 0 : ms);
  const lateChange = within("a change is allowed after it was forbidden", 0);
  const lateRead = within("a read is allowed after it was forbidden", unlessAll(READ_MS));
  const lateCutOff = within("the same without a link to D1", unlessAll(READ_MS + staleIfErrorMs));
  const lateOpen = within("an open response goes on after it was forbidden", OPEN_MS);
  const lateOpened = within("the same in its first seconds", unlessAll(READ_MS) + LOOKUP_MS);
  const openCutOff = within("the same after a failure of D1", OPEN_CUT_OFF_MS + unlessAll(READ_MS + staleIfErrorMs));
  const lateUpload = within("a long body is completed after it was forbidden", UPLOAD_MS);
  const neverAllowed = never("a request is allowed that was never allowed, or after the key's expiry");
  const endedActor = never("a change is made by whoever may not make it any more");
  const overwritten = never("a change is made of something that has changed since it was read");
  const unsaid = never("a change that was made is answered 503 though D1 answers");
  const deniedAgain = within("a read is denied after it was allowed again", unlessAll(READ_MS));
  const lateNew = within("a key is denied that was used before it was made", MISS_MS);
  const wrong401 = never("a valid key is answered 401");
  const wrong403 = never("a permitted request is answered 403");
  const wrong503 = never("a request is answered 503 though D1 answers");
  const wrongStale = never("a stale record is served though D1 answers, or to a change");
  const expiredTwice = never("an expiry is recorded twice");
  const gap: Guarantee = {
    ...{ name: "time between two feed reads of an isolate", unit: "ms", bound: FEED_GAP_MS },
    ...{ worst: Number.POSITIVE_INFINITY, atLeast: true },
  };
  guarantees.push(gap);

  const raise = (guarantee: Guarantee, value: number) => {
    guarantee.worst = Math.max(guarantee.worst, value);
  };
  const historyOf = (id: string): History => truth.histories.get(id) ?? [];

  function checkAllowed(decided: Decided): void {
    const { kind, degraded, cameAt, decidedAt } = decided;
    answered.allowed += 1;
    if (degraded) answered.degraded += 1;
    if (degraded && (kind !== "read" || !hadTrouble(decided))) wrongStale.worst += 1;
    const end = lastEnd(historyOf(decided.id), decided);
    if (end >= cameAt) return;
    if (end === Number.NEGATIVE_INFINITY) neverAllowed.worst += 1;
    else raise(kind !== "read" ? lateChange : degraded ? lateCutOff : lateRead, decidedAt - end);
  }

  function checkDenied(decided: Decided): void {
    const { kind, cameAt, decidedAt, status, isClockWrong } = decided;
    answered.denied += 1;
    const history = historyOf(decided.id);
    const madeAt = history[0]?.from ?? Number.POSITIVE_INFINITY;
    if (madeAt >= cameAt) return;
    const denying = history.filter((state) => state.from <= decidedAt && denies(state, decided));
    const end = Math.max(...denying.map(({ answeredAt }) => answeredAt));
    if (end >= cameAt) return;
    if (denying.length === 0 && status === 401 && decidedAt - madeAt < MISS_MS) raise(lateNew, decidedAt - madeAt);
    else if (denying.length === 0) (status === 401 ? wrong401 : wrong403).worst += 1;
    else if (kind !== "read") raise(deniedAgain, Number.POSITIVE_INFINITY);
    // Without a link to D1 a key stays denied: it fails closed. So does one that has expired by a clock that is wrong.
    else if (!hadTrouble(decided) && !isClockWrong) raise(deniedAgain, decidedAt - end);
  }

  return {
    guarantees,
    answered,
    check(decided: Decided): void {
      const { status } = decided;
      if (status < 300) checkAllowed(decided);
      else if (status === 401 || status === 403) checkDenied(decided);
      else if (status === 503) {
        answered.unavailable += 1;
        if (!hadTrouble(decided)) wrong503.worst += 1;
      }
    },
    /** A part of an open response has reached the client; or a long body is complete at the upstream. */
    checkUnderWay(what: "open" | "upload", id: string, at: number, isolate: UnderWay): void {
      const { openedAt, skewMs, steppedAt, troubleAt } = isolate;
      const kind = what === "open" ? "read" : "change";
      const ends = historyOf(id)
        .filter((state) => state.from <= at && grants(state, kind))
        .map(({ answeredAt, expiresAt }) => {
          // By a clock that was corrected it may have expired long ago, which nobody knew until then.
          const expiredAt = Math.max((expiresAt ?? Infinity) - EPOCH - skewMs, steppedAt);
          return Math.min(answeredAt, expiresAt === null ? Infinity : expiredAt);
        });
      const late = Math.max(0, at - Math.max(...ends));
      if (what === "upload") raise(lateUpload, late);
      else if (at - troubleAt < TROUBLE_MS + OPEN_CUT_OFF_MS) raise(openCutOff, late);
      else raise(at - openedAt < OPEN_MS ? lateOpened : lateOpen, late);
    },
    /**
     * A change was committed.
     *
     * @param before what was true of the actor until then; `undefined`: there was none
     * @param clock the time of the change, by the isolate's clock
     * @param isCurrent whether the changed row was as it had been read
     */
    checkChange(before: State | undefined, clock: number, isCurrent: boolean): void {
      answered.changed += 1;
      const mayChange = before !== undefined && grants(before, "manage") && clock < (before.expiresAt ?? Infinity);
      if (!mayChange) endedActor.worst += 1;
      if (!isCurrent) overwritten.worst += 1;
    },
    /** A change was answered 503. @param wasMade although it was committed, and D1 has failed no more than once since */
    noteUnavailable(wasMade: boolean): void {
      if (wasMade) unsaid.worst += 1;
    },
    noteExpiries(twice: number): void {
      expiredTwice.worst += twice;
    },
    noteGap(ms: number): void {
      gap.worst = Math.min(gap.worst, ms);
    },
  };
}

/** When a request was last allowed, as far as who asks can know: until whoever ended it was answered. */
function lastEnd(history: History, decided: Decided): number {
  const { kind, toldRole, clock, decidedAt } = decided;
  const allowing = history.filter((state) => {
    if (state.from > decidedAt || !grants(state, kind)) return false;
    return clock < (state.expiresAt ?? Infinity) && (toldRole === null || toldRole === state.roleId);
  });
  // Of a key that has expired no change is told any more; it goes on by a clock that is behind.
  return Math.max(...allowing.map((state) => (hasExpired(state, decided) ? Infinity : state.answeredAt)));
}

function hasExpired({ expiresAt }: State, { isClockWrong, decidedAt }: Decided): boolean {
  return isClockWrong && expiresAt !== null && expiresAt - EPOCH < decidedAt + CLOCKS_DIFFER_MS;
}

const grants = (state: State, kind: Kind): boolean => !state.ended && state.permits[kind];

function denies(state: State, { kind, status, clock, clockAtEnd }: Decided): boolean {
  // A clock of whole milliseconds may show the expiry up to one of them early.
  const latest = Math.max(clock, clockAtEnd) + 1;
  if (status === 401) return state.ended || (state.expiresAt !== null && latest >= state.expiresAt);
  return !state.permits[kind];
}

const hadTrouble = ({ decidedAt, troubleAt }: Decided): boolean => decidedAt - troubleAt < TROUBLE_MS;
