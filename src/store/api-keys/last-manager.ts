// Conditions that protect an account from locking itself out: a key or an operator must remain that can manage keys. Only
// those count that authenticate as configured: an operator for whom no issuer is trusted does not, nor does a key that is
// blocked, disabled or a canary, or whose secret was removed. A key whose secret is unknown counts where it is to go, and not where it is to remain.
import { activeKeySql, activeOperatorSql, type Condition, or, type SqlValue, TRUE } from "../lib/conditions.ts";
import { type StoreConfig, signingKeyIds } from "../store-config.ts";
import type { ApiKeyRef } from "./statements.ts";

const KEY_AUTHENTICATES = (key: string) =>
  `${key}.disabled_at IS NULL AND ${key}.canary = 0 AND ${key}.signing_key_id IN (SELECT value FROM json_each(?))
    AND ${key}.id NOT IN (SELECT value FROM json_each(?))`;
const KEY_MAY_AUTHENTICATE = (
  key: string,
) => `${key}.disabled_at IS NULL AND ${key}.canary = 0 AND (${key}.signing_key_id IS NULL OR ${key}.signing_key_id IN
  (SELECT value FROM json_each(?))) AND ${key}.id NOT IN (SELECT value FROM json_each(?))`;
/** An e-mail address is accepted of every issuer. */
const OPERATOR_AUTHENTICATES = (operator: string) =>
  `ifnull(${operator}.issuer IN (SELECT value FROM json_each(?)), ? > 0)`;

function keyValues(config: StoreConfig): readonly SqlValue[] {
  return [JSON.stringify(signingKeyIds(config)), JSON.stringify([...config.blockedKeyIds])];
}

function operatorValues({ issuers }: StoreConfig): readonly SqlValue[] {
  return [JSON.stringify([...issuers]), issuers.size];
}

/** Another active key or operator of the account manages keys: none of these keys, not this operator, none with this role. */
export function otherManagerExists(
  config: StoreConfig,
  accountId: string,
  except: { readonly keyIds?: readonly string[]; readonly operatorId?: string; readonly roleId?: string },
  now: number,
): Condition {
  const roleId = except.roleId ?? "";
  return {
    // CROSS JOIN fixes the order: the few managing roles first, then their holders, never all keys of the account.
    sql: `EXISTS (SELECT 1 FROM roles r CROSS JOIN api_keys k ON k.account_id = ? AND k.role_id = r.id
      WHERE r.manages_keys = 1 AND ifnull(r.account_id, '') IN ('', ?) AND r.id <> ?
        AND k.id NOT IN (SELECT value FROM json_each(?))
        AND ${activeKeySql("k")} AND ${KEY_AUTHENTICATES("k")})
      OR EXISTS (SELECT 1 FROM roles r CROSS JOIN operators o ON o.account_id = ? AND o.role_id = r.id
      WHERE r.manages_keys = 1 AND ifnull(r.account_id, '') IN ('', ?) AND r.id <> ? AND o.id <> ?
        AND ${activeOperatorSql("o")} AND ${OPERATOR_AUTHENTICATES("o")})`,
    values: [
      ...[accountId, accountId, roleId, JSON.stringify(except.keyIds ?? []), now, ...keyValues(config)],
      ...[accountId, accountId, roleId, except.operatorId ?? "", now, ...operatorValues(config)],
    ],
  };
}

/** This operator does not manage keys now: by their role, because they have expired, or because no issuer is trusted. */
export function operatorCannotManageKeys(config: StoreConfig, operatorId: string, now: number): Condition {
  return {
    sql: `NOT EXISTS (SELECT 1 FROM operators o JOIN roles r ON r.id = o.role_id
      WHERE o.id = ? AND r.manages_keys = 1 AND ${activeOperatorSql("o")} AND ${OPERATOR_AUTHENTICATES("o")})`,
    values: [operatorId, now, ...operatorValues(config)],
  };
}

/** None of these keys manages keys now: by its role, because it has expired, or because it does not authenticate. */
export function keysCannotManageKeys(config: StoreConfig, keyIds: readonly string[], now: number): Condition {
  return {
    sql: `NOT EXISTS (SELECT 1 FROM api_keys k JOIN roles r ON r.id = k.role_id
      WHERE k.id IN (SELECT value FROM json_each(?)) AND r.manages_keys = 1 AND ${activeKeySql("k")}
        AND ${KEY_MAY_AUTHENTICATE("k")})`,
    values: [JSON.stringify(keyIds), now, ...keyValues(config)],
  };
}

/** Another holder manages keys, or this key does not. */
export function managerRemainsWithout(config: StoreConfig, { accountId, keyId }: ApiKeyRef, now: number): Condition {
  return or(
    keysCannotManageKeys(config, [keyId], now),
    otherManagerExists(config, accountId, { keyIds: [keyId] }, now),
  );
}

/** With this role for the key, it or another holder manages keys, or it did not before. @param force whatever remains */
export function managerRemainsWithRole(
  config: StoreConfig,
  key: ApiKeyRef,
  roleId: string | null,
  force: boolean,
  now: number,
): Condition {
  if (force || roleId === null) return TRUE;
  const staysManager: Condition = {
    sql: "EXISTS (SELECT 1 FROM roles WHERE id = ? AND manages_keys = 1)",
    values: [roleId],
  };
  return or(staysManager, managerRemainsWithout(config, key, now));
}

/** No active key or operator of the account manages keys by this role. */
export function roleHasNoKeyManager(config: StoreConfig, accountId: string, roleId: string, now: number): Condition {
  return {
    sql: `NOT EXISTS (SELECT 1 FROM roles r JOIN api_keys k ON k.account_id = ? AND k.role_id = r.id
      WHERE r.id = ? AND r.manages_keys = 1 AND ${activeKeySql("k")} AND ${KEY_MAY_AUTHENTICATE("k")})
      AND NOT EXISTS (SELECT 1 FROM roles r JOIN operators o ON o.account_id = ? AND o.role_id = r.id
      WHERE r.id = ? AND r.manages_keys = 1 AND ${activeOperatorSql("o")} AND ${OPERATOR_AUTHENTICATES("o")})`,
    values: [accountId, roleId, now, ...keyValues(config), accountId, roleId, now, ...operatorValues(config)],
  };
}
