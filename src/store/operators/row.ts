// Rows of `operators`: as principals that requests are authorized with, and as operators see each other.
import type { OperatorIdentity, OperatorRecord } from "../../core/access/principal.ts";
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
    version: row.version,
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
export function principalOfRow(row: OperatorRow): Omit<OperatorRecord, "accounts"> {
  const principal = decodePrincipal({
    id: row.id,
    accountId: row.account_id,
    name: row.email ?? row.name,
    version: row.version,
    ...roleMembers(row),
    expiresAt: row.expires_at,
  });
  return { ...principal, kind: "operator", mapped: null };
}

/** A role by groups, in an account that exists; without the columns of the role when the account does not have it. */
export interface MappedRow extends RoleRow {
  readonly account_id: string;
  readonly account_name: string;
}

/**
 * Somebody without an entry as a principal. What their token says holds for as long as the token does, so they do not expire.
 *
 * @param id see `mappedOperatorId`
 * @throws CorruptRecord for a row with an unknown role or permission
 */
export function principalOfMapping(
  row: MappedRow,
  id: string,
  { issuer, subject, email }: OperatorIdentity,
): Omit<OperatorRecord, "accounts"> {
  const principal = decodePrincipal({
    id,
    accountId: row.account_id,
    name: email ?? subject,
    version: row.role_version,
    ...roleMembers(row),
    expiresAt: null,
  });
  return { ...principal, kind: "operator", mapped: { issuer, subject, email } };
}

/** What all operators have in common: no allow lists, no revocation but the end of their entry or token, and no canary. */
function roleMembers(row: RoleRow) {
  const role = { roleId: row.role_id, roleName: row.role_name, permissions: row.role_permissions };
  return { ...role, restricted: 0, rules: "[]", revokedAt: null, disabledAt: null, canary: 0 };
}
