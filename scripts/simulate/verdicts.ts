// Whether what was true of a key or an operator allows a request, or denies it, and until when it did.
import { CLOCKS_DIFFER_MS, TROUBLE_MS } from "./bounds.ts";
import type { History, Kind, State } from "./truth.ts";
import { EPOCH } from "./world.ts";

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

/** When a request was last allowed, as far as who asks can know: until the change that ended it was answered. */
export function lastEnd(history: History, decided: Decided): number {
  const { kind, toldRole, clock, decidedAt } = decided;
  const allowing = history.filter((state) => {
    if (state.from > decidedAt || !grants(state, kind)) return false;
    return clock < (state.expiresAt ?? Infinity) && (toldRole === null || toldRole === state.roleId);
  });
  // Of a key that has expired no change is told any more; it continues by a clock that is behind.
  return Math.max(...allowing.map((state) => (hasExpired(state, decided) ? Infinity : state.answeredAt)));
}

function hasExpired({ expiresAt }: State, { isClockWrong, decidedAt }: Decided): boolean {
  return isClockWrong && expiresAt !== null && expiresAt - EPOCH < decidedAt + CLOCKS_DIFFER_MS;
}

export const grants = (state: State, kind: Kind): boolean => !state.ended && state.permits[kind];

export function denies(state: State, { kind, status, clock, clockAtEnd }: Decided): boolean {
  // A clock of whole milliseconds may show the expiry up to one of them early.
  const latest = Math.max(clock, clockAtEnd) + 1;
  if (status === 401) return state.ended || (state.expiresAt !== null && latest >= state.expiresAt);
  return !state.permits[kind];
}

export const hadTrouble = ({ decidedAt, troubleAt }: Decided): boolean => decidedAt - troubleAt < TROUBLE_MS;

/** Until when a request under way was allowed. */
export function lastEndUnderWay(history: History, kind: Kind, at: number, { skewMs, steppedAt }: UnderWay): number {
  const ends = history
    .filter((state) => state.from <= at && grants(state, kind))
    .map(({ answeredAt, expiresAt }) => {
      if (expiresAt === null) return answeredAt;
      // By a clock that was corrected it may have expired long ago, which nobody knew until then.
      return Math.min(answeredAt, Math.max(expiresAt - EPOCH - skewMs, steppedAt));
    });
  return Math.max(...ends);
}
