// Rows of `operators`: as principals that requests are authorized with, and as operators see each other.
import type { OperatorRecord } from "../../core/access/principal.ts";
import { decodePrincipal } from "../key-cache/record-codec.ts";
import { ROLE_COLUMNS, type RoleRow, roleOfRow } from "../roles/row.ts";
import type { OperatorDetails } from "./port.ts";

/** The beginning of every query for operators; the operator is `o`, the role is `r`. */
export const SELECT_OPERATORS = `SELECT o.id, o.account_id, o.email, o.subject, o.issuer, o.name, o.expire_after_hours,
  o.expires_at, o.version, o.created_at, o.updated_at, o.created_by_name, ${ROLE_COLUMNS}
  FROM operators o JOIN roles r ON r.id = o.role_id`;

export interface OperatorRow extends RoleRow {
  readonly id: string;
  readonly account_id: string;
  readonly email: string | null;
  readonly subject: string | null;
  readonly issuer: string | null;
  readonly name: string;
  readonly expire_after_hours: number;
  readonly expires_at: number | null;
  readonly version: number;
  readonly created_at: number;
  readonly updated_at: number;
  readonly created_by_name: string;
}

export function operatorOfRow(row: OperatorRow): OperatorDetails {
  return {
    id: row.id,
    accountId: row.account_id,
    email: row.email,
    subject: row.subject,
    issuer: row.issuer,
    name: row.name,
    role: roleOfRow(row),
    expireAfterHours: row.expire_after_hours,
    expiresAt: row.expires_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    createdByName: row.created_by_name,
  };
}

/**
 * The operator as a principal. Its name is shown in audit events and keys: the e-mail address, if there is one.
 *
 * @throws CorruptRecord for a row with an unknown role or permission
 */
export function principalOfRow(row: OperatorRow): OperatorRecord {
  const principal = decodePrincipal({
    id: row.id,
    accountId: row.account_id,
    name: row.email ?? row.name,
    version: row.version,
    roleId: row.role_id,
    roleName: row.role_name,
    permissions: row.role_permissions,
    restricted: 0,
    rules: "[]",
    expiresAt: row.expires_at,
    revokedAt: null,
  });
  return { ...principal, kind: "operator" };
}
