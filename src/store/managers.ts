// The guard against locking oneself out: an account keeps a key that can manage keys. Conditions for a transaction.
import type { Condition } from "./audit.ts";

const LIVE = "k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > ?)";

/** A live key of the account manages keys, other than this key and other than the keys with this role. */
export function otherManagerExists(
  accountId: string,
  except: { readonly keyId?: string; readonly roleId?: string },
  now: number,
): Condition {
  return {
    // CROSS JOIN fixes the order: the few managing roles first, then their keys, never all keys of the account.
    sql: `EXISTS (SELECT 1 FROM roles r CROSS JOIN api_keys k ON k.account_id = ? AND k.role_id = r.id
      WHERE r.manages_keys = 1 AND ifnull(r.account_id, '') IN ('', ?) AND r.id <> ? AND k.id <> ? AND ${LIVE})`,
    values: [accountId, accountId, except.roleId ?? "", except.keyId ?? "", now],
  };
}

/** This key does not manage keys now, by its role or because it has expired. */
export function keyIsNoManager(keyId: string, now: number): Condition {
  return {
    sql: `NOT EXISTS (SELECT 1 FROM api_keys k JOIN roles r ON r.id = k.role_id
      WHERE k.id = ? AND r.manages_keys = 1 AND ${LIVE})`,
    values: [keyId, now],
  };
}

/** No live key manages keys by this role. */
export function roleHasNoManager(accountId: string, roleId: string, now: number): Condition {
  return {
    sql: `NOT EXISTS (SELECT 1 FROM roles r JOIN api_keys k ON k.account_id = ? AND k.role_id = r.id
      WHERE r.id = ? AND r.manages_keys = 1 AND ${LIVE})`,
    values: [accountId, roleId, now],
  };
}

/** One of two conditions. */
export function either(one: Condition, other: Condition): Condition {
  return { sql: `((${one.sql}) OR (${other.sql}))`, values: [...one.values, ...other.values] };
}
