// Rows of `approvals`.
import { sha256 } from "../../core/audit/hash-chain.ts";
import type { RowVersion } from "../common.ts";
import type { ApprovalDetails, RequestedChange, Requester } from "./port.ts";

export const SELECT_APPROVALS = `SELECT id, account_id, operation_id, method, path, body, reasons, basis, fingerprint, requested_by_type,
  requested_by_id, requested_by_name, created_at, expires_at, decision, decided_at, decided_by_id, decided_by_name, used_at
  FROM approvals`;

export interface ApprovalRow {
  readonly id: string;
  readonly account_id: string;
  readonly operation_id: string;
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly reasons: string;
  readonly basis: string;
  readonly fingerprint: string;
  readonly requested_by_type: "OPERATOR";
  readonly requested_by_id: string;
  readonly requested_by_name: string;
  readonly created_at: number;
  readonly expires_at: number;
  readonly decision: "approved" | "rejected" | null;
  readonly decided_at: number | null;
  readonly decided_by_id: string | null;
  readonly decided_by_name: string | null;
  readonly used_at: number | null;
}

/** What makes two requests the same change by the same requester. */
export function fingerprintOf(change: RequestedChange, { id, name }: Requester): string {
  const { accountId, operationId, method, path, body, reasons, basis } = change;
  return sha256(["gatehouse approval", accountId, id, name, operationId, method, path, body, reasons, basis]);
}

/** @throws Error when the row shows another change than the one that its event has recorded */
export function approvalOfRow(row: ApprovalRow): ApprovalDetails {
  const change = {
    ...{ accountId: row.account_id, operationId: row.operation_id, method: row.method, path: row.path, body: row.body },
    ...{ reasons: JSON.parse(row.reasons) as readonly string[], basis: JSON.parse(row.basis) as readonly RowVersion[] },
  };
  const requester = { id: row.requested_by_id, name: row.requested_by_name };
  if (fingerprintOf(change, requester) !== row.fingerprint) {
    throw new Error(`approval ${row.id} cannot be read: it shows another change`);
  }
  return {
    ...change,
    id: row.id,
    requestedBy: { type: row.requested_by_type, ...requester },
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    decision: row.decision,
    decidedAt: row.decided_at,
    decidedById: row.decided_by_id,
    decidedByName: row.decided_by_name,
    usedAt: row.used_at,
  };
}
