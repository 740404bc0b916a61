// The keys that an account's policy would not allow today.
import type { AccountPolicy } from "../../core/access/account-policy.ts";
import { ADMIN } from "../../core/access/roles.ts";
import { activeKeySql, and, type Condition, or } from "../lib/conditions.ts";

const HOUR_MS = 3_600_000;

const IS_NEVER_EXPIRING = "k.expires_at IS NULL";
const BY_NO_ADMIN = `(EXISTS (SELECT 1 FROM api_keys c WHERE c.id = k.created_by AND c.role_id <> '${ADMIN.id}')
  OR EXISTS (SELECT 1 FROM operators c WHERE c.id = k.created_by AND c.role_id <> '${ADMIN.id}'))`;
const MANAGES_KEYS = "EXISTS (SELECT 1 FROM roles m WHERE m.id = k.role_id AND m.manages_keys = 1)";
const BY_A_KEY = "EXISTS (SELECT 1 FROM api_keys c WHERE c.id = k.created_by)";

/**
 * The key `k` is active, and could not be created as it is: it lives too long, never expires though its creator has not the Admin role
 * today, or manages keys though a key has created it. Keys that no key or operator of the account has created count as allowed.
 *
 * @param now milliseconds since the epoch
 */
export function isNoncompliant(policy: AccountPolicy, now: number): Condition {
  const { maxLifetimeHours: hours, neverExpiringByAdminsOnly, adminKeysByOperatorsOnly } = policy;
  const violations: Condition[] = [];
  if (hours !== null) {
    violations.push({
      sql: `${IS_NEVER_EXPIRING} OR k.expires_at - k.created_at > ?`,
      values: [hours * HOUR_MS],
    });
  }
  if (neverExpiringByAdminsOnly) violations.push({ sql: `${IS_NEVER_EXPIRING} AND ${BY_NO_ADMIN}`, values: [] });
  if (adminKeysByOperatorsOnly) violations.push({ sql: `${MANAGES_KEYS} AND ${BY_A_KEY}`, values: [] });
  if (violations.length === 0) return { sql: "0", values: [] };
  return and({ sql: `${activeKeySql("k")} AND k.disabled_at IS NULL`, values: [now] }, or(...violations));
}
