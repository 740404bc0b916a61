// The documentation of the operations on the policy of an account, and on what waits for a second person.
import { ApprovalListQuery } from "../../../src/admin/approvals/schema.ts";
import { body, list, one, tagged } from "../operation-doc.ts";

export const POLICY_OPERATIONS = tagged("Account policy", {
  getAccountPolicy: { summary: "Show the policy of the account", response: one("PolicyData", "The policy.") },
  putAccountPolicy: {
    summary: "Replace the policy of the account",
    description:
      "What is left out has no limit. The policy applies to changes from then on: keys that exist stay as they are, and the list of keys shows with `noncompliant=true` which ones it would not allow. With `second_person`, two active operators who can manage API keys are needed.",
    body: body("PolicySpec", { max_lifetime_hours: 2160, leak_action: "revoke" }),
    response: one("PolicyData", "The policy."),
    conditional: true,
    errors: [409],
  },
  listApprovals: {
    summary: "List approvals",
    description: "The newest first.",
    query: ApprovalListQuery,
    response: list("ApprovalData", "A page of approvals."),
  },
  getApproval: { summary: "Show an approval", response: one("ApprovalData", "The approval.") },
  approveChange: {
    summary: "Approve a change",
    description:
      "An operator does who could make the change, and neither asks for it nor has created the key that asks. The requester then sends the same request again, within a day of the first one.",
    response: one("ApprovalData", "The approval."),
    conditional: false,
    errors: [409],
  },
  rejectChange: {
    summary: "Reject a change",
    description: "Its requester may withdraw it this way.",
    response: one("ApprovalData", "The approval."),
    conditional: false,
    errors: [409],
  },
});
