// An approval as the wire has it.
import type { ApprovalDetails } from "../../store/approvals/port.ts";
import { toIsoString } from "../time.ts";
import type { ApprovalData } from "./schema.ts";

/** @param now milliseconds since the epoch */
export function toApproval(approval: ApprovalDetails, now: number): ApprovalData {
  const time = (at: number | null) => (at === null ? null : toIsoString(at));
  return {
    id: approval.id,
    status: statusOf(approval, now),
    ...{ operation_id: approval.operationId, method: approval.method, path: approval.path, body: approval.body },
    reasons: [...approval.reasons],
    requested_by: approval.requestedBy,
    requested_on: toIsoString(approval.createdAt),
    expires_on: toIsoString(approval.expiresAt),
    ...{ decided_by_id: approval.decidedById, decided_by_name: approval.decidedByName },
    decided_on: time(approval.decidedAt),
    used_on: time(approval.usedAt),
  };
}

function statusOf({ usedAt, decision, expiresAt }: ApprovalDetails, now: number): ApprovalData["status"] {
  if (usedAt !== null) return "USED";
  if (decision === "rejected") return "REJECTED";
  if (now >= expiresAt) return "EXPIRED";
  return decision === "approved" ? "APPROVED" : "PENDING";
}
