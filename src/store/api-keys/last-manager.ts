// Conditions that protect an account from locking itself out: a key or an operator must remain that can manage keys.
import { activeKeySql, activeOperatorSql, type Condition } from "../lib/conditions.ts";

/** Another active key or operator of the account manages keys: not this key, not this operator, none with this role. */
export function otherManagerExists(
  accountId: string,
  except: { readonly keyId?: string; readonly operatorId?: string; readonly roleId?: string },
  now: number,
): Condition {
  const roleId = except.roleId ?? "";
  return {
    // CROSS JOIN fixes the order: the few managing roles first, then their holders, never all keys of the account.
    sql: `EXISTS (SELECT 1 FROM roles r CROSS JOIN api_keys k ON k.account_id = ? AND k.role_id = r.id
      WHERE r.manages_keys = 1 AND ifnull(r.account_id, '') IN ('', ?) AND r.id <> ? AND k.id <> ?
        AND ${activeKeySql("k")})
      OR EXISTS (SELECT 1 FROM roles r CROSS JOIN operators o ON o.account_id = ? AND o.role_id = r.id
      WHERE r.manages_keys = 1 AND ifnull(r.account_id, '') IN ('', ?) AND r.id <> ? AND o.id <> ?
        AND ${activeOperatorSql("o")})`,
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
      WHERE o.id = ? AND r.manages_keys = 1 AND ${activeOperatorSql("o")})`,
    values: [operatorId, now],
  };
}

/** This key does not manage keys now, by its role or because it has expired. */
export function keyCannotManageKeys(keyId: string, now: number): Condition {
  return {
    sql: `NOT EXISTS (SELECT 1 FROM api_keys k JOIN roles r ON r.id = k.role_id
      WHERE k.id = ? AND r.manages_keys = 1 AND ${activeKeySql("k")})`,
    values: [keyId, now],
  };
}

/** No active key or operator of the account manages keys by this role. */
export function roleHasNoKeyManager(accountId: string, roleId: string, now: number): Condition {
  return {
    sql: `NOT EXISTS (SELECT 1 FROM roles r JOIN api_keys k ON k.account_id = ? AND k.role_id = r.id
      WHERE r.id = ? AND r.manages_keys = 1 AND ${activeKeySql("k")})
      AND NOT EXISTS (SELECT 1 FROM roles r JOIN operators o ON o.account_id = ? AND o.role_id = r.id
      WHERE r.id = ? AND r.manages_keys = 1 AND ${activeOperatorSql("o")})`,
    values: [accountId, roleId, now, accountId, roleId, now],
  };
}
