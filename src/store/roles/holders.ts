// Who has a role: live keys with their rules, and operators. Asked when widening it could give somebody more than whoever
// widens it has.
import { compileStoredRules } from "../../core/ip/cidr.ts";
import type { Condition } from "../audit/audited-change.ts";
import type { RoleHolderDetails } from "./port.ts";

const KEYS = `FROM api_keys k WHERE k.role_id = ? AND k.account_id = ? AND k.revoked_at IS NULL
  AND (k.expires_at IS NULL OR k.expires_at > ?)`;
const OPERATORS = `FROM operators o WHERE o.role_id = ? AND o.account_id = ? AND o.deleted_at IS NULL
  AND (o.expires_at IS NULL OR o.expires_at > ?)`;

const HOLDERS = `SELECT k.id, k.name, k.expires_at, k.restricted,
    (SELECT json_group_array(json(l.rules)) FROM api_key_allow_lists b JOIN allow_lists l ON l.id = b.allow_list_id
      WHERE b.key_id = k.id AND l.deleted_at IS NULL) AS rules ${KEYS}
  UNION ALL SELECT o.id, o.name, o.expires_at, 0, '[]' ${OPERATORS}`;

interface HolderRow {
  readonly id: string;
  readonly name: string;
  readonly expires_at: number | null;
  readonly restricted: number;
  readonly rules: string;
}

export async function holdersOf(db: D1Database, accountId: string, roleId: string, now: number) {
  const { results } = await db.prepare(HOLDERS).bind(roleId, accountId, now, roleId, accountId, now).all<HolderRow>();
  return results.map(
    (row): RoleHolderDetails => ({
      id: row.id,
      name: row.name,
      expiresAt: row.expires_at,
      addresses: row.restricted === 1 ? compileStoredRules((JSON.parse(row.rules) as string[][]).flat()) : null,
    }),
  );
}

/** Nobody has the role but these. */
export function onlyHolders(known: readonly string[], accountId: string, roleId: string, now: number): Condition {
  const others = "id NOT IN (SELECT value FROM json_each(?))";
  const values = [roleId, accountId, now, JSON.stringify(known)];
  return {
    sql: `(NOT EXISTS (SELECT 1 ${KEYS} AND k.${others}) AND NOT EXISTS (SELECT 1 ${OPERATORS} AND o.${others}))`,
    values: [...values, ...values],
  };
}
