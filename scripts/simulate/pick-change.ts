// Which change comes next.
import type { Change } from "./changes.ts";
import {
  createKey,
  expireEarlier,
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

/** How far back the keys go that are changed. */
const RECENT_KEYS = 150;

const OF_ONE_KEY: readonly ((key: Key) => Change)[] = [
  ...[revoke, lowerRole, restrict, expireEarlier, rotateKey],
  (key) => setDisabled(key, true),
];
const OF_A_CHANGED_KEY: readonly ((key: Key) => Change)[] = [
  ...[widen, widen, moveOverlap],
  (key) => setDisabled(key, false),
];

/** A change of any kind, of a key that is not old. */
export function pickChange({ random, keys, hot }: Scene): Change {
  const recent = keys.slice(-RECENT_KEYS);
  const share = random.next();
  if (recent.length < RECENT_KEYS || share < 0.3) return createKey;
  if (share < 0.6) return random.pick(OF_ONE_KEY)(random.pick(recent));
  if (share < 0.85 && hot.length > 0) return random.pick(OF_A_CHANGED_KEY)(random.pick(hot).key);
  if (share < 0.88) return revokeMany([random.pick(recent), random.pick(recent)]);
  return random.pick([updateRole, updateRole, replaceList, changeOperator]);
}

/** Two changes of one key, which are made at the same time. */
export function pickRivals({ random, keys }: Scene): readonly Change[] {
  const recent = keys.slice(-RECENT_KEYS);
  if (recent.length === 0) return [];
  const key = random.pick(recent);
  return [random.pick(OF_ONE_KEY)(key), random.pick(OF_A_CHANGED_KEY)(key)];
}
