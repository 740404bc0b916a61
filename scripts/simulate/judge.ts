// The judge of a run: compares every decision with the state of the primary at its time, and keeps the worst case of each
// guarantee beside its bound.
import type { Key, Kind } from "./primary.ts";
import { EPOCH } from "./world.ts";

// Written here, not imported from what is judged.
const FRESH_FOR_MS = 10_000;

export type StrongCheck = "mutations" | "all";

/** One decision, with the times of the world at which the request came and was decided. */
export interface Decided {
  readonly key: Key;
  readonly kind: Kind;
  /** Of a denial; `null`: it was allowed. */
  readonly reason: string | null;
  readonly degraded: boolean;
  readonly cameAt: number;
  readonly decidedAt: number;
  /** How far the isolate's clock is ahead of the world. */
  readonly skewMs: number;
}

export interface Guarantee {
  readonly name: string;
  readonly unit: "ms" | "requests";
  readonly bound: number;
  worst: number;
  /** The bound is a minimum. */
  readonly atLeast?: true;
}

export interface Judge {
  readonly guarantees: readonly Guarantee[];
  readonly answered: Record<"allowed" | "denied" | "degraded" | "unavailable", number>;
  check(decided: Decided): void;
  noteGap(ms: number): void;
}

export function isKept({ worst, bound, atLeast }: Guarantee): boolean {
  return atLeast ? worst >= bound : worst <= bound;
}

export function createJudge(strongCheck: StrongCheck, staleIfErrorMs: number): Judge {
  const answered = { allowed: 0, denied: 0, degraded: 0, unavailable: 0 };
  const guarantee = (name: string, unit: Guarantee["unit"], bound: number): Guarantee => {
    return { name, unit, bound, worst: 0 };
  };
  const unlessAll = (ms: number) => (strongCheck === "all" ? 0 : ms);
  const lateRead = guarantee("a read is allowed after it was forbidden", "ms", unlessAll(FRESH_FOR_MS));
  const lateCutOff = guarantee("the same without a link to D1", "ms", unlessAll(FRESH_FOR_MS + staleIfErrorMs));
  const lateChange = guarantee("a change is allowed after it was forbidden", "ms", 0);
  const expired = guarantee("a request is allowed after the key's expiry", "requests", 0);
  const wrong401 = guarantee("a valid key is answered 401", "requests", 0);
  const wrong403 = guarantee("a permitted request is answered 403", "requests", 0);
  const deniedAgain = guarantee("a read is denied after it was allowed again", "ms", unlessAll(FRESH_FOR_MS));
  const degradedChange = guarantee("a change is allowed on a stale record", "requests", 0);
  const name = "time between two feed reads of an isolate";
  const gap: Guarantee = { name, unit: "ms", bound: 5_000, worst: Number.POSITIVE_INFINITY, atLeast: true };

  function checkAllowed(decided: Decided): void {
    const { kind, degraded, cameAt, key } = decided;
    answered.allowed += 1;
    if (degraded) answered.degraded += 1;
    if (degraded && kind === "change") degradedChange.worst += 1;
    if (cameAt >= worldTimeOf(key.firstExpiresAt, decided)) expired.worst += 1;
    const forbiddenAt = forbiddenSince(decided);
    if (cameAt <= forbiddenAt) return;
    const late = kind === "change" ? lateChange : degraded ? lateCutOff : lateRead;
    late.worst = Math.max(late.worst, decided.decidedAt - forbiddenAt);
  }

  function checkDenied(decided: Decided): void {
    answered.denied += 1;
    if (mayBeDenied(decided)) return;
    const { reopened } = decided.key;
    if (reopened !== null && decided.cameAt <= reopened.answeredAt) return;
    if (reopened !== null && decided.kind === "read" && isAsBefore(decided)) {
      // Without a link to D1 a key stays denied: it fails closed.
      if (decided.degraded) return;
      deniedAgain.worst = Math.max(deniedAgain.worst, decided.decidedAt - reopened.answeredAt);
      return;
    }
    const is403 = decided.reason === "permission_missing" || decided.reason === "address_not_allowed";
    (is403 ? wrong403 : wrong401).worst += 1;
  }

  return {
    guarantees: [lateChange, lateRead, lateCutOff, expired, deniedAgain, wrong401, wrong403, degradedChange, gap],
    answered,
    check: (decided) => (decided.reason === null ? checkAllowed(decided) : checkDenied(decided)),
    noteGap(ms) {
      gap.worst = Math.min(gap.worst, ms);
    },
  };
}

/** Whether a denial is for what has narrowed the key before it was allowed again. */
function isAsBefore({ reason }: Decided): boolean {
  return reason === "key_disabled" || reason === "key_expired";
}

/** A time of the epoch, as the time of the world at which the isolate's clock shows it. */
function worldTimeOf(time: number | null, { skewMs }: Decided): number {
  return time === null ? Number.POSITIVE_INFINITY : time - EPOCH - skewMs;
}

/** The time after which an actor who got the response to each change expects a denial. */
function forbiddenSince(decided: Decided): number {
  const { closed, shortened } = decided.key;
  const shortenedAt = Math.max(shortened.answeredAt, worldTimeOf(shortened.expiresAt, decided));
  return Math.min(closed[decided.kind].answeredAt, shortenedAt);
}

/** Whether a change that was committed before the decision justifies a denial. */
function mayBeDenied(decided: Decided): boolean {
  const { key, kind, decidedAt } = decided;
  // A clock of whole milliseconds may show the expiry up to one of them early.
  const cameAt = decided.cameAt + 1;
  if (key.closed[kind].committedAt <= decidedAt) return true;
  if (cameAt >= worldTimeOf(key.firstExpiresAt, decided)) return true;
  return key.shortened.committedAt <= decidedAt && cameAt >= worldTimeOf(key.shortened.expiresAt, decided);
}
