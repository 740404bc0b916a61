// The audit event of a change, and the statement that writes it.
import { makeMac, type SentEvent } from "../../core/audit/event-mac.ts";
import type { KeyRing } from "../../core/token/api-key-token.ts";
import type { Actor, ActorDetails } from "../common.ts";
import { activeKeySql, activeOperatorSql, and, type Condition, TRUE } from "../lib/conditions.ts";

/** The audit event of a change. Its id, its actor and its time come from the change. */
export interface AuditEvent {
  readonly accountId: string;
  readonly eventType: string;
  readonly resourceType: "ACCOUNT" | "APPROVAL" | "API_KEY" | "ALLOW_LIST" | "ROLE" | "OPERATOR" | "ENDPOINT";
  readonly resourceId: string;
  readonly resourceName: string;
  readonly message: string;
  /** Details for programs; never a secret, never a hash. The member `before` is that below, which no code covers. */
  readonly detail: Readonly<Record<string, unknown>> & { readonly before?: never };
  /** An SQL expression: the state before the change as JSON, read in the transaction. Added to the detail as `before`. */
  readonly before?: Condition;
}

/**
 * The INSERT of an event, with its message authentication code and its number in the account's log.
 *
 * @param permitted whether the event is written
 * @returns a statement that returns one row when the event was written
 */
export function insertEvent(
  ring: KeyRing,
  id: string,
  { event, actor, now }: { readonly event: AuditEvent; readonly actor: ActorDetails; readonly now: number },
  permitted: Condition,
): Condition {
  const { before, accountId } = event;
  const sent: SentEvent = {
    ...{ id, account_id: accountId, event_type: event.eventType, resource_type: event.resourceType },
    ...{ resource_id: event.resourceId, resource_name: event.resourceName },
    ...{ actor_type: actor.type, actor_id: actor.id, actor_name: actor.name },
    ...{ address: actor.address, request_id: actor.requestId },
    ...{ message: event.message, detail: JSON.stringify(event.detail), created_at: now },
  };
  const { detail, created_at, ...columns } = sent;
  const names = Object.keys(columns);
  const detailSql = before === undefined ? "?" : `json_set(?, '$.before', json((${before.sql})))`;
  return {
    sql: `INSERT INTO audit_events (${names.join(", ")}, detail, created_at, mac, number)
      SELECT ${names.map(() => "?").join(", ")}, ${detailSql}, ?, ?,
        (SELECT ifnull(max(number), 0) + 1 FROM audit_events WHERE account_id = ?)
      WHERE ${permitted.sql} RETURNING id`,
    values: [
      ...[...Object.values(columns), detail, ...(before?.values ?? []), created_at, makeMac(ring, sent), accountId],
      ...permitted.values,
    ],
  };
}

/**
 * The actor is as it was when the request was authorized: neither revoked, deleted, expired nor changed since.
 *
 * @param now the time of the change, in milliseconds since the epoch
 */
export function actorIsCurrent({ type, id, version, mapped }: Actor, now: number): Condition {
  if (version === null) return TRUE;
  if (mapped !== null) return mappingIsCurrent(mapped, version);
  const active =
    type === "OPERATOR"
      ? `operators o WHERE o.id = ? AND ${activeOperatorSql("o")} AND o.version = ?`
      : `api_keys k WHERE k.id = ? AND ${activeKeySql("k")} AND k.version = ?`;
  return { sql: `EXISTS (SELECT 1 FROM ${active})`, values: [id, now, version] };
}

function mappingIsCurrent(
  { accountId, roleId, issuer, subject, email }: NonNullable<Actor["mapped"]>,
  version: number,
): Condition {
  return {
    sql: `EXISTS (SELECT 1 FROM roles WHERE id = ? AND version = ? AND deleted_at IS NULL)
      AND NOT EXISTS (SELECT 1 FROM operators
        WHERE account_id = ? AND (email = ? OR ? IS NULL AND email IS NOT NULL) AND deleted_at IS NULL)
      AND NOT EXISTS (SELECT 1 FROM operators WHERE account_id = ? AND subject = ? AND issuer = ? AND deleted_at IS NULL)`,
    values: [roleId, version, accountId, email, email, accountId, subject, issuer],
  };
}

/** Every row that the change was authorized on still has its version. */
export function basisIsCurrent({ authorizedOn }: Actor): Condition {
  return and(
    TRUE,
    ...authorizedOn.map(({ table, id, version }) => ({
      sql: `EXISTS (SELECT 1 FROM ${table} WHERE id = ? AND version = ?)`,
      values: [id, version],
    })),
  );
}

/** SQL that is true for a row of `approvals` whose approver could approve now. One placeholder: the current time. */
export const APPROVER_IS_CURRENT = `EXISTS (SELECT 1 FROM operators o JOIN roles r ON r.id = o.role_id
  WHERE o.id = approvals.decided_by_id AND ${activeOperatorSql("o")} AND r.manages_keys = 1)`;

/** The approval that the change needs was not used, and who gave it could give it now. */
export function approvalIsOpen({ approval }: Actor, now: number): Condition {
  if (approval === undefined) return TRUE;
  return {
    sql: `EXISTS (SELECT 1 FROM approvals WHERE id = ? AND decision = 'approved' AND decided_by_id = ? AND used_at IS NULL
      AND expires_at > ? AND ${APPROVER_IS_CURRENT})`,
    values: [approval.id, approval.approvedById, now, now],
  };
}
