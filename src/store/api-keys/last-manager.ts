// The guard against locking oneself out: an account keeps a key or an operator who can manage keys. Conditions for a
// transaction.
import type { Condition } from "../audit/audited-change.ts";

const LIVE = "k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > ?)";
const LIVE_OPERATOR = "o.deleted_at IS NULL AND (o.expires_at IS NULL OR o.expires_at > ?)";

/** Somebody else of the account manages keys: not this key, not this operator, nobody with this role. */
export function otherManagerExists(
  accountId: string,
  except: { readonly keyId?: string; readonly operatorId?: string; readonly roleId?: string },
  now: number,
): Condition {
  const roleId = except.roleId ?? "";
  return {
    // CROSS JOIN fixes the order: the few managing roles first, then who has them, never all keys of the account.
    sql: `EXISTS (SELECT 1 FROM roles r CROSS JOIN api_keys k ON k.account_id = ? AND k.role_id = r.id
      WHERE r.manages_keys = 1 AND ifnull(r.account_id, '') IN ('', ?) AND r.id <> ? AND k.id <> ? AND ${LIVE})
      OR EXISTS (SELECT 1 FROM roles r CROSS JOIN operators o ON o.account_id = ? AND o.role_id = r.id
      WHERE r.manages_keys = 1 AND ifnull(r.account_id, '') IN ('', ?) AND r.id <> ? AND o.id <> ? AND ${LIVE_OPERATOR})`,
    values: [
      ...[accountId, accountId, roleId, except.keyId ?? "", now],
      ...[accountId, accountId, roleId, except.operatorId ?? "", now],
    ],
  };
}

/** This operator does not manage keys now. */
export function operatorCannotManageKeys(operatorId: string, now: number): Condition {
  return {
    sql: `NOT EXISTS (SELECT 1 FROM operators o JOIN roles r ON r.id = o.role_id
      WHERE o.id = ? AND r.manages_keys = 1 AND ${LIVE_OPERATOR})`,
    values: [operatorId, now],
  };
}

/** This key does not manage keys now, by its role or because it has expired. */
export function keyCannotManageKeys(keyId: string, now: number): Condition {
  return {
    sql: `NOT EXISTS (SELECT 1 FROM api_keys k JOIN roles r ON r.id = k.role_id
      WHERE k.id = ? AND r.manages_keys = 1 AND ${LIVE})`,
    values: [keyId, now],
  };
}

/** Nobody manages keys by this role now. */
export function roleHasNoKeyManager(accountId: string, roleId: string, now: number): Condition {
  return {
    sql: `NOT EXISTS (SELECT 1 FROM roles r JOIN api_keys k ON k.account_id = ? AND k.role_id = r.id
      WHERE r.id = ? AND r.manages_keys = 1 AND ${LIVE})
      AND NOT EXISTS (SELECT 1 FROM roles r JOIN operators o ON o.account_id = ? AND o.role_id = r.id
      WHERE r.id = ? AND r.manages_keys = 1 AND ${LIVE_OPERATOR})`,
    values: [accountId, roleId, now, accountId, roleId, now],
  };
}

/** One of two conditions. */
export function or(one: Condition, other: Condition): Condition {
  return { sql: `((${one.sql}) OR (${other.sql}))`, values: [...one.values, ...other.values] };
}
