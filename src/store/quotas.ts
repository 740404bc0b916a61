// How many resources an account may have. A quota is a condition of the transaction that creates one, so that creations at the same
// time do not exceed it together.
import { type Condition, TRUE } from "./lib/conditions.ts";
import { type Quotas, storeConfigOf } from "./store-config.ts";

/** Counts what an account has, by an index that has nothing else. The placeholders are the account, and for keys the time. */
const COUNTS: Readonly<Record<keyof Quotas, string>> = {
  // A key is active until its expiry is recorded, which never is before it.
  apiKeys: `SELECT count(*) FROM api_keys INDEXED BY api_keys_alive WHERE account_id = ? AND revoked_at IS NULL
    AND expiry_recorded_at IS NULL AND (expires_at IS NULL OR expires_at > ?)`,
  roles: "SELECT count(*) FROM roles WHERE ifnull(account_id, '') = ? AND deleted_at IS NULL",
  allowLists: "SELECT count(*) FROM allow_lists WHERE account_id = ? AND deleted_at IS NULL",
  operators: "SELECT count(*) FROM operators WHERE account_id = ? AND deleted_at IS NULL",
  endpoints: "SELECT count(*) FROM endpoints WHERE account_id = ? AND deleted_at IS NULL",
};

/** The account has fewer of a resource than its quota; true when no quotas are configured. */
export function isWithinQuota(db: D1Database, resource: keyof Quotas, accountId: string, now: number): Condition {
  const { quotas } = storeConfigOf(db);
  if (quotas === undefined) return TRUE;
  const values = resource === "apiKeys" ? [accountId, now] : [accountId];
  return { sql: `(${COUNTS[resource]}) < ?`, values: [...values, quotas[resource]] };
}
