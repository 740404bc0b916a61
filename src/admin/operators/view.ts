// An operator as the wire has it.
import type { OperatorDetails } from "../../store/operators/port.ts";
import { etagOf } from "../preconditions.ts";
import { toBareRole } from "../roles/view.ts";
import { toExpiryTime, toIsoString } from "../time.ts";
import type { OperatorData } from "./schema.ts";

/**
 * An operator with its state at a time.
 *
 * @param now milliseconds since the epoch
 */
export function toOperator(operator: OperatorDetails, now: number): OperatorData {
  const { expiresAt } = operator;
  return {
    spec: {
      name: operator.name,
      email: operator.email,
      subject: operator.subject,
      issuer: operator.issuer,
      role_id: operator.role.id,
      expire_after_hours: operator.expireAfterHours,
    },
    info: {
      id: operator.id,
      account_id: operator.accountId,
      status: expiresAt !== null && now >= expiresAt ? "EXPIRED" : "ACTIVE",
      expiry_time: toExpiryTime(expiresAt),
      created_by: operator.createdByName,
      metadata: { created_on: toIsoString(operator.createdAt), updated_on: toIsoString(operator.updatedAt) },
      role: toBareRole(operator.role, operator.accountId, null),
      etag: etagOf(operator),
    },
  };
}
