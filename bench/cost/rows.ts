// How many rows D1 bills for a statement, as its `meta` says; SQLite does not tell. Every statement of a request and of the
// scheduled maintenance is here, and test/store/rows-billed.test.ts compares each with a D1 in workerd.
import { RECORD_USE } from "../../src/store/api-keys/usage.ts";
import { LAST_CHECKPOINT, OPEN_EVENTS, SAVE_CHECKPOINT } from "../../src/store/audit/sealer.ts";
import { COUNT_DENIALS, KEEP_REQUESTS } from "../../src/store/denials/recorder.ts";
import { DELETE_OLD_COUNTS, DELETE_OLD_REQUESTS } from "../../src/store/denials/repository.ts";
import { FIND_BY_HASH, FIND_PENDING, READ_CHANGES } from "../../src/store/key-cache/d1-records.ts";
import { KEYS_TO_EXPIRE, PRUNE } from "../../src/store/maintenance/maintenance.ts";

/** The rows that a statement returned and changed. */
export interface Effect {
  readonly returned: number;
  readonly changed: number;
  /** Of the changed rows, the new ones. */
  readonly added: number;
}

export interface Rows {
  readonly read: number;
  readonly written: number;
}

const readsOnly = (read: number) => () => ({ read, written: 0 });
/** The end of a range is read even when the range is empty. */
const deletes = ({ changed }: Effect) => ({ read: Math.max(1, changed), written: changed });

/** The rows billed for each statement; a new row is written once for its table and once for each of its indexes. */
export const ROWS: ReadonlyMap<string, (effect: Effect) => Rows> = new Map<string, (effect: Effect) => Rows>([
  // The key, its role, the end of the log. A key with allow lists reads two more for each.
  [FIND_BY_HASH, ({ returned }) => ({ read: 3 * returned, written: 0 })],
  [READ_CHANGES, readsOnly(3)],
  [RECORD_USE, ({ changed }) => ({ read: changed, written: changed })],
  [COUNT_DENIALS, ({ changed, added }) => ({ read: changed, written: changed + added })],
  [KEEP_REQUESTS, ({ changed }) => ({ read: changed, written: 2 * changed })],
  [DELETE_OLD_REQUESTS, deletes],
  [DELETE_OLD_COUNTS, deletes],
  [FIND_PENDING, readsOnly(1)],
  [KEYS_TO_EXPIRE, readsOnly(1)],
  [PRUNE, readsOnly(3)],
  [LAST_CHECKPOINT, readsOnly(1)],
  [OPEN_EVENTS, readsOnly(1)],
  [SAVE_CHECKPOINT, ({ added }) => ({ read: 1 - added, written: 2 + added })],
]);
