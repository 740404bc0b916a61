// How many rows D1 bills for a statement, as its `meta` says; SQLite does not tell. Every statement of a request and of the
// scheduled maintenance is here, and test/store/rows-billed.test.ts compares each with a D1 in workerd.
import { ADD_FIRST, PRUNE_NETWORKS, READ_PLACES, SEE_AGAIN } from "../../src/store/api-keys/new-networks.ts";
import { RECORD_USES } from "../../src/store/api-keys/usage.ts";
import { ENDS, NEWEST_EVENT } from "../../src/store/audit/publisher.ts";
import { OPEN_ACCOUNTS, OTHER_SIGNER } from "../../src/store/audit/sealer.ts";
import { COUNT_DENIALS, KEEP_REQUESTS } from "../../src/store/denials/recorder.ts";
import { DELETE_OLD_COUNTS, DELETE_OLD_REQUESTS } from "../../src/store/denials/repository.ts";
import { PRUNE_DELIVERIES } from "../../src/store/endpoints/deliveries.ts";
import { ENDPOINTS_TO_SEND } from "../../src/store/endpoints/outbox.ts";
import { SEALED_EARLIER } from "../../src/store/endpoints/reseal.ts";
import { FIND_BY_HASH, FIND_PENDING, READ_CHANGES } from "../../src/store/key-cache/d1-records.ts";
import { ACCOUNTS_TO_CHECK } from "../../src/store/maintenance/idle-keys.ts";
import { KEYS_TO_EXPIRE, PRUNE } from "../../src/store/maintenance/maintenance.ts";
import { KEYS_TO_NOTIFY } from "../../src/store/maintenance/notices.ts";
import { WRITE_COUNTS } from "../../src/store/metrics/recorder.ts";
import { FIND_STALE, PRUNE_MERGED, READ_BACKLOGS, READ_COUNTS } from "../../src/store/metrics/repository.ts";

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
  // The list and the key, then both again where the key is written.
  [RECORD_USES, ({ changed }) => ({ read: 4 * changed, written: changed })],
  // In an isolate's first use of a key and a network in a day: the key, and its places of this network, this country and any.
  [READ_PLACES, ({ returned }) => ({ read: returned === 1 ? 2 : 1 + 2 * returned, written: 0 })],
  [ADD_FIRST, ({ added }) => ({ read: 2 * added, written: 2 * added })],
  [SEE_AGAIN, ({ changed }) => ({ read: 4 * changed, written: 2 * changed })],
  [PRUNE_NETWORKS, ({ changed }) => ({ read: 1 + changed, written: changed })],
  [COUNT_DENIALS, ({ changed, added }) => ({ read: changed, written: changed + added })],
  [KEEP_REQUESTS, ({ changed }) => ({ read: changed, written: 2 * changed })],
  [DELETE_OLD_REQUESTS, deletes],
  [DELETE_OLD_COUNTS, deletes],
  [FIND_PENDING, readsOnly(1)],
  [KEYS_TO_EXPIRE, readsOnly(1)],
  [KEYS_TO_NOTIFY, readsOnly(1)],
  // Of accounts whose policy disables idle keys.
  [ACCOUNTS_TO_CHECK, readsOnly(1)],
  [PRUNE, readsOnly(3)],
  [OPEN_ACCOUNTS, readsOnly(1)],
  // In the first minute of an isolate only. Per account, the account and its newest checkpoint.
  [OTHER_SIGNER, readsOnly(2)],
  [ENDS, readsOnly(2)],
  [NEWEST_EVENT, readsOnly(1)],
  // Without an endpoint.
  [ENDPOINTS_TO_SEND, readsOnly(2)],
  // In the first minute of an isolate only.
  [SEALED_EARLIER, readsOnly(1)],
  [PRUNE_DELIVERIES, readsOnly(3)],
  // Where METRICS_TOKEN is set: the first row of an isolate is written to its index too.
  [WRITE_COUNTS, ({ added }) => ({ read: 1, written: 1 + added })],
  [READ_COUNTS, ({ returned }) => ({ read: Math.max(1, returned), written: 0 })],
  // Without an endpoint or a pending key, and with one event that is not sealed.
  [READ_BACKLOGS, readsOnly(7)],
  // And one for each isolate in use.
  [FIND_STALE, ({ returned }) => ({ read: Math.max(1, returned), written: 0 })],
  [PRUNE_MERGED, deletes],
]);
