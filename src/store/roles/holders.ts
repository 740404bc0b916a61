// The holders of a role: active keys with their rules, and active operators. Read when an update that widens the role
// could give a holder more access than the actor has.
import { compileStoredRules } from "../../core/ip/cidr.ts";
import { activeKeySql, activeOperatorSql, type Condition } from "../lib/conditions.ts";
import type { HolderVersion, RoleHolderDetails } from "./port.ts";
import type { RoleRef } from "./statements.ts";

const KEYS = `FROM api_keys k WHERE k.role_id = ? AND k.account_id = ? AND ${activeKeySql("k")}`;
const OPERATORS = `FROM operators o WHERE o.role_id = ? AND o.account_id = ? AND ${activeOperatorSql("o")}`;

const HOLDERS = `SELECT k.id, k.version, k.name, k.expires_at, k.restricted,
    (SELECT json_group_array(json(l.rules)) FROM api_key_allow_lists b JOIN allow_lists l ON l.id = b.allow_list_id
      WHERE b.key_id = k.id AND l.deleted_at IS NULL) AS rules ${KEYS}
  UNION ALL SELECT o.id, o.version, o.name, o.expires_at, 0, '[]' ${OPERATORS}`;

interface HolderRow {
  readonly id: string;
  readonly version: number;
  readonly name: string;
  readonly expires_at: number | null;
  readonly restricted: number;
  readonly rules: string;
}

export async function holdersOf(db: D1Database, { accountId, id }: RoleRef, now: number) {
  const { results } = await db.prepare(HOLDERS).bind(id, accountId, now, id, accountId, now).all<HolderRow>();
  return results.map(
    (row): RoleHolderDetails => ({
      id: row.id,
      version: row.version,
      name: row.name,
      expiresAt: row.expires_at,
      addresses: row.restricted === 1 ? compileStoredRules((JSON.parse(row.rules) as string[][]).flat()) : null,
    }),
  );
}

/** The role has no active holders except these, and these at their versions. */
export function onlyHolders(known: readonly HolderVersion[], { accountId, id }: RoleRef, now: number): Condition {
  const unknown = (holder: string) =>
    `${holder}.id || ' ' || ${holder}.version NOT IN (SELECT value FROM json_each(?))`;
  const values = [id, accountId, now, JSON.stringify(known.map((holder) => `${holder.id} ${holder.version}`))];
  return {
    sql: `NOT EXISTS (SELECT 1 ${KEYS} AND ${unknown("k")}) AND NOT EXISTS (SELECT 1 ${OPERATORS} AND ${unknown("o")})`,
    values: [...values, ...values],
  };
}
