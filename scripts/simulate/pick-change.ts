// Which change comes next, of which key, and in which isolate.
import type { Change } from "./changes.ts";
import type { Isolate } from "./isolate.ts";
import {
  createKey,
  expireEarlier,
  expireIn,
  lowerRole,
  moveOverlap,
  restrict,
  revoke,
  revokeMany,
  rotateKey,
  setDisabled,
  widen,
} from "./key-changes.ts";
import type { Key } from "./keys.ts";
import { changeOperator, replaceList, updateRole } from "./other-changes.ts";
import type { Scene } from "./scene.ts";
import type { Kind } from "./truth.ts";

/** Of the operators that were added, these last ones are active. */
export const OPERATORS = 5;
/** How far back the keys go that are used and changed. */
export const RECENT_KEYS = 150;

const OF_ONE_KEY: readonly ((key: Key) => Change)[] = [
  ...[revoke, lowerRole, restrict, expireEarlier, rotateKey],
  (key) => setDisabled(key, true),
];
const OF_A_CHANGED_KEY: readonly ((key: Key) => Change)[] = [
  ...[widen, widen, moveOverlap],
  (key) => setDisabled(key, false),
];

/** A change of any kind, of a key that is not old. */
export function pickChange({ random, keys, hot, operators }: Scene): Change {
  const recent = keys.slice(-RECENT_KEYS);
  const share = random.next();
  if (recent.length < RECENT_KEYS || share < 0.3) return createKey;
  if (share < 0.6) return random.pick(OF_ONE_KEY)(random.pick(recent));
  if (share < 0.82 && hot.length > 0) return random.pick(OF_A_CHANGED_KEY)(random.pick(hot).key);
  if (share < 0.85) return revokeMany([random.pick(recent), random.pick(recent)]);
  if (share < 0.88 && operators.length > 0) return changeOperator(random.pick(operators.slice(-OPERATORS)));
  return random.pick([updateRole, replaceList]);
}

/** A key that may do something; `null`: there is none. */
export function pickAllowed({ random, keys, truth }: Scene, kind: Kind): Key | null {
  const allowed = keys.slice(-RECENT_KEYS).filter(({ id }) => {
    const state = truth.of(id);
    return state?.permits[kind] && !state.ended;
  });
  return allowed.length === 0 ? null : random.pick(allowed);
}

/** An isolate that is not idle: a few busy ones, and many that nearly are. */
export function pickIsolate({ random, isolates, world }: Scene): Isolate | null {
  const awake = isolates.filter(({ idleUntil }) => world.now >= idleUntil);
  return awake[Math.floor(random.next() ** 3 * awake.length)] ?? null;
}

/** Two changes of one key, which are made at the same time. */
export function pickRivals({ random, keys }: Scene): readonly Change[] {
  const recent = keys.slice(-RECENT_KEYS);
  if (recent.length === 0) return [];
  const key = random.pick(recent);
  return [random.pick(OF_ONE_KEY)(key), random.pick(OF_A_CHANGED_KEY)(key)];
}

/** Changes of one key, each so many milliseconds from now. */
export type Sequence = readonly (readonly [afterMs: number, change: Change])[];

export function pickSequence({ random, keys }: Scene): Sequence {
  const recent = keys.slice(-RECENT_KEYS);
  if (recent.length === 0) return [];
  const key = random.pick(recent);
  const inMs = random.between(2_000, 6_000);
  return random.pick<Sequence>([
    // Its end is moved back at the last moment, when it has expired by some clocks.
    [
      [0, expireIn(key, inMs)],
      [inMs - random.between(200, 1_500), widen(key)],
    ],
    [
      [0, rotateKey(key)],
      [random.between(1_000, 8_000), moveOverlap(key)],
      [random.between(9_000, 20_000), moveOverlap(key)],
    ],
  ]);
}
