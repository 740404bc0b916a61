// Holds every verdict against what was true, and keeps the worst case of each promise beside its bound.
import { FRESH_FOR_MS } from "../../src/store/key-cache/key-cache.ts";
import type { Key, Kind } from "./truth.ts";
import { EPOCH } from "./world.ts";

export type StrongCheck = "mutations" | "all";

/** One verdict, with the instants of the world at which the call came and was decided. */
export interface Decided {
  readonly key: Key;
  readonly kind: Kind;
  readonly allow: boolean;
  readonly reason: string | null;
  readonly degraded: boolean;
  readonly cameAt: number;
  readonly decidedAt: number;
  /** How far the isolate's clock is ahead of the world. */
  readonly skewMs: number;
}

export interface Promised {
  readonly name: string;
  readonly unit: "ms" | "calls";
  readonly bound: number;
  worst: number;
  /** For the one promise that is a least, not a most. */
  readonly atLeast?: true;
}

export interface Judge {
  readonly promises: readonly Promised[];
  readonly answered: Record<"allowed" | "refused" | "degraded" | "unavailable", number>;
  weigh(decided: Decided): void;
  noteGap(ms: number): void;
}

export function isKept(promised: Promised): boolean {
  return promised.atLeast ? promised.worst >= promised.bound : promised.worst <= promised.bound;
}

export function createJudge(strongCheck: StrongCheck, staleIfErrorMs: number): Judge {
  const answered = { allowed: 0, refused: 0, degraded: 0, unavailable: 0 };
  const most = (name: string, unit: Promised["unit"], bound: number): Promised => ({ name, unit, bound, worst: 0 });
  const mutation = most("a change is accepted after it was forbidden", "ms", 0);
  const read = most("a read is accepted after it was forbidden", "ms", strongCheck === "all" ? 0 : FRESH_FOR_MS);
  const cutOff = most(
    "the same in an isolate that is cut off",
    "ms",
    strongCheck === "all" ? 0 : FRESH_FOR_MS + staleIfErrorMs,
  );
  const expired = most("a call is accepted after the key's expiry", "calls", 0);
  const falseNo = most("a valid key is answered 401", "calls", 0);
  const falseForbidden = most("a permitted call is answered 403", "calls", 0);
  const degradedChange = most("a change is accepted on the grace", "calls", 0);
  const gap: Promised = {
    name: "time between two feed reads of an isolate",
    unit: "ms",
    bound: 5_000,
    worst: Number.POSITIVE_INFINITY,
    atLeast: true,
  };

  function weighAllowed(decided: Decided): void {
    answered.allowed += 1;
    if (decided.degraded) answered.degraded += 1;
    if (decided.degraded && decided.kind === "mutation") degradedChange.worst += 1;
    if (decided.cameAt >= hereOf(decided.key.expiresAtFirst, decided)) expired.worst += 1;
    const forbiddenAt = forbiddenSince(decided);
    if (decided.cameAt <= forbiddenAt) return;
    const promised = decided.kind === "mutation" ? mutation : decided.degraded ? cutOff : read;
    promised.worst = Math.max(promised.worst, decided.decidedAt - forbiddenAt);
  }

  function weighRefused(decided: Decided): void {
    answered.refused += 1;
    if (mayBeRefused(decided)) return;
    const isForbidden = decided.reason === "permission_missing" || decided.reason === "address_not_allowed";
    (isForbidden ? falseForbidden : falseNo).worst += 1;
  }

  return {
    promises: [mutation, read, cutOff, expired, falseNo, falseForbidden, degradedChange, gap],
    answered,
    weigh: (decided) => (decided.allow ? weighAllowed(decided) : weighRefused(decided)),
    noteGap(ms) {
      gap.worst = Math.min(gap.worst, ms);
    },
  };
}

/** An instant of the epoch, as the world's instant at which the isolate's clock shows it. */
function hereOf(instant: number | null, { skewMs }: Decided): number {
  return instant === null ? Number.POSITIVE_INFINITY : instant - EPOCH - skewMs;
}

/** From when on nobody who had been told of the changes would expect the call to be accepted. */
function forbiddenSince(decided: Decided): number {
  const { closed, shortened } = decided.key;
  const shortenedAt = Math.max(shortened.answeredAt, hereOf(shortened.expiresAt, decided));
  return Math.min(closed[decided.kind].answeredAt, shortenedAt);
}

/** Whether anything that was committed before the verdict speaks against the call. */
function mayBeRefused(decided: Decided): boolean {
  const { key, kind, decidedAt } = decided;
  // A clock of whole milliseconds may show the expiry up to one of them early.
  const cameAt = decided.cameAt + 1;
  if (key.closed[kind].committedAt <= decidedAt) return true;
  if (cameAt >= hereOf(key.expiresAtFirst, decided)) return true;
  return key.shortened.committedAt <= decidedAt && cameAt >= hereOf(key.shortened.expiresAt, decided);
}
