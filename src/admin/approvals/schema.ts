// The wire contract of approvals.
import * as z from "zod/mini";
import { id, nullableText, paging, timestamp } from "../fields.ts";
import { ErrorAnswer } from "../schema.ts";

export const ApprovalListQuery = z.object({
  /** Only those that wait for a decision. */
  pending: z.optional(z.boolean("This must be true or false.")),
  ...paging,
});

export const ApprovalData = z.object({
  id,
  /** `EXPIRED`: nobody has decided within a day, or the change was not made within it. */
  status: z.enum(["PENDING", "APPROVED", "REJECTED", "EXPIRED", "USED"]),
  operation_id: z.string(),
  method: z.string(),
  /** With its query. */
  path: z.string(),
  /** The body of the request as it was sent. */
  body: z.string(),
  reasons: z.array(z.string()),
  /** An operator with an entry. */
  requested_by: z.object({ type: z.literal("OPERATOR"), id, name: z.string() }),
  requested_on: timestamp,
  expires_on: timestamp,
  decided_by_id: nullableText,
  decided_by_name: nullableText,
  decided_on: z.nullable(timestamp),
  used_on: z.nullable(timestamp),
});

/** A denial. `approval_required` and `approval_rejected` have the approval that is asked for. */
export const ForbiddenAnswer = z.object({ ...ErrorAnswer.shape, approval: z.optional(ApprovalData) });

export type ApprovalData = z.infer<typeof ApprovalData>;
