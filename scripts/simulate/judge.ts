// The judge of a run: compares everything that a client, an upstream or the database sees with what was true, and keeps the worst
// case of each guarantee beside its bound.
import {
  createGuarantees,
  type Guarantee,
  MISS_MS,
  OPEN_CUT_OFF_MS,
  OPEN_MS,
  type StrongCheck,
  TROUBLE_MS,
} from "./bounds.ts";
import type { History, State, Truth } from "./truth.ts";
import { type Decided, denies, grants, hadTrouble, lastEnd, lastEndUnderWay, type UnderWay } from "./verdicts.ts";

export type Judge = ReturnType<typeof createJudge>;

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
  const guarantees = createGuarantees(strongCheck, staleIfErrorMs);
  const raise = (guarantee: Guarantee, value: number) => {
    guarantee.worst = Math.max(guarantee.worst, value);
  };
  const historyOf = (id: string): History => truth.histories.get(id) ?? [];

  function checkAllowed(decided: Decided): void {
    const { kind, degraded, cameAt, decidedAt } = decided;
    answered.allowed += 1;
    if (degraded) answered.degraded += 1;
    if (degraded && (kind !== "read" || !hadTrouble(decided))) guarantees.wrongStale.worst += 1;
    const end = lastEnd(historyOf(decided.id), decided);
    if (end >= cameAt) return;
    if (end === Number.NEGATIVE_INFINITY) guarantees.neverAllowed.worst += 1;
    else
      raise(
        kind !== "read" ? guarantees.lateChange : degraded ? guarantees.lateCutOff : guarantees.lateRead,
        decidedAt - end,
      );
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
    if (denying.length === 0 && status === 401 && decidedAt - madeAt < MISS_MS)
      raise(guarantees.lateNew, decidedAt - madeAt);
    else if (denying.length === 0) (status === 401 ? guarantees.wrong401 : guarantees.wrong403).worst += 1;
    // By a clock that is ahead a key has expired, for good, that others go on to use.
    else if (isClockWrong) return;
    else if (kind !== "read" && !denying.some(({ isUndone }) => isUndone)) raise(guarantees.deniedAgain, Infinity);
    // Without a link to D1 a key stays denied: it fails closed.
    else if (!hadTrouble(decided)) raise(guarantees.deniedAgain, decidedAt - end);
  }

  return {
    guarantees: Object.values(guarantees) as readonly Guarantee[],
    answered,
    check(decided: Decided): void {
      const { status } = decided;
      if (status < 300) checkAllowed(decided);
      else if (status === 401 || status === 403) checkDenied(decided);
      else if (status === 503) {
        answered.unavailable += 1;
        if (!hadTrouble(decided)) guarantees.wrong503.worst += 1;
      }
    },
    /** A part of an open response has reached the client; or a long body is complete at the upstream. */
    checkUnderWay(what: "open" | "upload", id: string, at: number, isolate: UnderWay): void {
      const { openedAt, troubleAt } = isolate;
      const end = lastEndUnderWay(historyOf(id), what === "open" ? "read" : "change", at, isolate);
      const late = Math.max(0, at - end);
      if (what === "upload") raise(guarantees.lateUpload, late);
      else if (at - troubleAt < TROUBLE_MS + OPEN_CUT_OFF_MS) raise(guarantees.openCutOff, late);
      else raise(at - openedAt < OPEN_MS ? guarantees.lateOpened : guarantees.lateOpen, late);
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
      if (!mayChange) guarantees.endedActor.worst += 1;
      if (!isCurrent) guarantees.overwritten.worst += 1;
    },
    /** A change was answered 503. @param wasMade although it was committed, and D1 has failed no more than once since */
    noteUnavailable(wasMade: boolean): void {
      if (wasMade) guarantees.unsaid.worst += 1;
    },
    noteExpiries(twice: number): void {
      guarantees.expiredTwice.worst += twice;
    },
    noteGap(ms: number): void {
      guarantees.gap.worst = Math.min(guarantees.gap.worst, ms);
    },
  };
}
