// How many rows D1 bills for a statement, as its `meta` says: SQLite alone does not tell. Every statement that a call or the
// schedule runs is here, and test/store/rows-billed.test.ts holds each against a D1 in workerd.
import { LAST_CHECKPOINT, OPEN_EVENTS, SAVE_CHECKPOINT } from "../../src/store/audit-seal.ts";
import { FIND_BY_HASH, FIND_PENDING, READ_CHANGES } from "../../src/store/d1-keys.ts";
import { FORGET_CALLS, FORGET_COUNTS } from "../../src/store/d1-refusals.ts";
import { KEYS_TO_EXPIRE, PRUNE } from "../../src/store/d1-upkeep.ts";
import { COUNT_REFUSALS, KEEP_CALLS } from "../../src/store/refusals.ts";
import { RECORD_USE } from "../../src/store/usage.ts";

/** What a statement has done. */
export interface Effect {
  readonly returned: number;
  readonly changed: number;
  /** Of the changed rows, those that were not there before. */
  readonly added: number;
}

export interface Rows {
  readonly read: number;
  readonly written: number;
}

const readsOnly = (read: number) => () => ({ read, written: 0 });
/** The end of a range is looked at even when nothing lies in it. */
const forgets = ({ changed }: Effect) => ({ read: Math.max(1, changed), written: changed });

/** The rows billed for each statement; a new row is written once for its table and once for each of its indexes. */
export const ROWS: ReadonlyMap<string, (effect: Effect) => Rows> = new Map<string, (effect: Effect) => Rows>([
  // The key, its role, the end of the log. A key with allow lists reads two more for each.
  [FIND_BY_HASH, ({ returned }) => ({ read: 3 * returned, written: 0 })],
  [READ_CHANGES, readsOnly(3)],
  [RECORD_USE, ({ changed }) => ({ read: changed, written: changed })],
  [COUNT_REFUSALS, ({ changed, added }) => ({ read: changed, written: changed + added })],
  [KEEP_CALLS, ({ changed }) => ({ read: changed, written: 2 * changed })],
  [FORGET_CALLS, forgets],
  [FORGET_COUNTS, forgets],
  [FIND_PENDING, readsOnly(1)],
  [KEYS_TO_EXPIRE, readsOnly(1)],
  [PRUNE, readsOnly(3)],
  [LAST_CHECKPOINT, readsOnly(1)],
  [OPEN_EVENTS, readsOnly(1)],
  [SAVE_CHECKPOINT, ({ added }) => ({ read: 1 - added, written: 2 + added })],
]);
