// Approvals in D1: requested, decided, shown. A change uses its approval up in its own transaction (audited-change.ts).
import { APPROVER_IS_CURRENT, type AuditEvent } from "../audit/audit-event.ts";
import { makeChange, statement } from "../audit/audited-change.ts";
import type { Actor } from "../common.ts";
import { type Condition, FALSE, TRUE } from "../lib/conditions.ts";
import { listPage } from "../lib/pagination.ts";
import type { ApprovalDetails, ApprovalQuery, ApprovalRepository, RequestedChange, Requester } from "./port.ts";
import { type ApprovalRow, approvalOfRow, fingerprintOf, SELECT_APPROVALS } from "./row.ts";

/** A day: long enough for another time zone, too short to be forgotten. */
const LIFETIME_MS = 86_400_000;
/** Requests of one person that wait for a decision. */
const MAX_OPEN = 20;

export function createApprovalRepository(db: D1Database): ApprovalRepository {
  return {
    find: (change, requester, now) => findApproval(db, change, requesterOf(requester), now),
    request: (change, actor, now) => requestApproval(db, change, actor, now),
    get: (accountId, id) => readOne(db, `${SELECT_APPROVALS} WHERE id = ? AND account_id = ?`, [id, accountId]),
    list: (query, now) => listApprovals(db, query, now),
    decide: (approval, decision, actor, now) => decide(db, approval, decision, actor, now),
  };
}

async function readOne(db: D1Database, sql: string, values: readonly (string | number)[]) {
  const session = db.withSession("first-primary");
  const row = await session
    .prepare(sql)
    .bind(...values)
    .first<ApprovalRow>();
  return row && approvalOfRow(row);
}

export const FIND_APPROVAL = `${SELECT_APPROVALS} WHERE account_id = ? AND fingerprint = ? AND used_at IS NULL AND expires_at > ?
  AND (decision IS NOT 'approved' OR ${APPROVER_IS_CURRENT}) ORDER BY decision IS NOT 'approved', created_at DESC, id DESC LIMIT 1`;

function findApproval(db: D1Database, change: RequestedChange, requester: Requester, now: number) {
  return readOne(db, FIND_APPROVAL, [change.accountId, fingerprintOf(change, requester), now, now]);
}

function requesterOf({ type, id, name }: Actor): Requester {
  if (type !== "OPERATOR" || id === null) throw new Error("only an operator asks for approval");
  return { id, name };
}

async function requestApproval(db: D1Database, change: RequestedChange, actor: Actor, now: number) {
  const { accountId, operationId, method, path, body, reasons, basis } = change;
  const requester = requesterOf(actor);
  const id = crypto.randomUUID();
  const fingerprint = fingerprintOf(change, requester);
  const expiresAt = now + LIFETIME_MS;
  const ref = { accountId, id, operationId };
  const detail = { operation_id: operationId, method, path, reasons, fingerprint, expires_at: expiresAt };
  const failed = await makeChange(db, {
    event: approvalEvent("CREATE", ref, `${actor.name} asks a second person to approve ${operationId}`, detail),
    actor,
    now,
    conditions: {
      // Of one requester alone, so that nobody keeps others from asking.
      quota_exceeded: {
        sql: `(SELECT count(*) FROM approvals
          WHERE account_id = ? AND created_at > ? AND decision IS NULL AND requested_by_id = ?) < ?`,
        values: [accountId, now - LIFETIME_MS, requester.id, MAX_OPEN],
      },
    },
    statements: [
      statement(
        `INSERT INTO approvals (id, account_id, operation_id, method, path, body, reasons, basis, fingerprint, requested_by_type,
          requested_by_id, requested_by_name, created_at, expires_at) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE $permitted`,
        ...[id, accountId, operationId, method, path, body, JSON.stringify(reasons), JSON.stringify(basis)],
        ...[fingerprint, actor.type, requester.id, requester.name, now, expiresAt],
      ),
    ],
  });
  if (failed !== null) return failed;
  const requestedBy = { type: "OPERATOR" as const, ...requester };
  const open = { decision: null, decidedAt: null, decidedById: null, decidedByName: null, usedAt: null };
  return { ...change, ...open, id, requestedBy, createdAt: now, expiresAt };
}

async function decide(
  db: D1Database,
  approval: ApprovalDetails,
  decision: "approved" | "rejected",
  actor: Actor,
  now: number,
) {
  const { id, operationId, requestedBy } = approval;
  const failed = await makeChange(db, {
    event: approvalEvent(
      ...([decision === "approved" ? "APPROVE" : "REJECT", approval] as const),
      ...([
        `${operationId}, asked for by ${requestedBy.name}, was ${decision}`,
        { operation_id: operationId },
      ] as const),
    ),
    actor,
    now,
    conditions: {
      not_open: {
        sql: "EXISTS (SELECT 1 FROM approvals WHERE id = ? AND decision IS NULL AND expires_at > ?)",
        values: [id, now],
      },
      not_second: decision === "rejected" || actor.id !== requestedBy.id ? TRUE : FALSE,
    },
    statements: [
      statement(
        `UPDATE approvals SET decision = ?, decided_at = ?, decided_by_id = ?, decided_by_name = ? WHERE id = ? AND $permitted`,
        ...[decision, now, actor.id, actor.name, id],
      ),
    ],
  });
  return failed ?? { ...approval, decision, decidedAt: now, decidedById: actor.id, decidedByName: actor.name };
}

/** Creation time and id of the last row. */
const SHAPE = ["number", "string"] as const;

function listApprovals(db: D1Database, query: ApprovalQuery, now: number) {
  const { accountId, open } = query;
  return listPage(db, {
    scope: ["approvals", accountId, open],
    shape: SHAPE,
    page: query,
    statement: (cursor, limit): Condition => ({
      // Those that wait for a decision are of the last day.
      sql: `${SELECT_APPROVALS} WHERE account_id = ? ${open ? "AND decision IS NULL AND created_at > ?" : ""}
        ${cursor === null ? "" : "AND (created_at, id) < (?, ?)"} ORDER BY created_at DESC, id DESC LIMIT ?`,
      values: [accountId, ...(open ? [now - LIFETIME_MS] : []), ...(cursor ?? []), limit],
    }),
    cursorOf: (last: ApprovalRow) => [last.created_at, last.id] as const,
    window: null,
    itemsOf: (rows) => rows.map(approvalOfRow),
  });
}

/** The audit event of a change of an approval; `detail` is for programs. */
export function approvalEvent(
  eventType: "CREATE" | "APPROVE" | "REJECT" | "EXPIRE",
  { accountId, id, operationId }: Pick<ApprovalDetails, "accountId" | "id" | "operationId">,
  message: string,
  detail: Readonly<Record<string, unknown>>,
): AuditEvent {
  return { accountId, eventType, resourceType: "APPROVAL", resourceId: id, resourceName: operationId, message, detail };
}
