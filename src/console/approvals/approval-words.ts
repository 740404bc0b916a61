// A change that waits for a second person, in words.
import type { ApprovalData } from "../../admin/approvals/schema.ts";
import type { Page } from "../pages.ts";

interface Known {
  readonly words: string;
  /** That the change itself requires. */
  readonly permission: string;
  /** What its body has: `name` and `role_id` of what is made or changed, other members, or nothing that is read. */
  readonly body: "terms" | "other" | "unread";
}

const known = (words: string, permission: string, body: Known["body"] = "other"): Known => ({
  words,
  permission,
  body,
});

/** The operations that can need an approval. */
const OPERATIONS: Readonly<Record<string, Known>> = {
  createApiKey: known("Create an API key", "API_KEY:CREATE", "terms"),
  editApiKey: known("Edit an API key", "API_KEY:CREATE", "terms"),
  rotateApiKey: known("Rotate an API key", "API_KEY:CREATE"),
  changeApiKeyRotation: known("Move the end of a rotated API key", "API_KEY:CREATE"),
  cancelApiKeyRotation: known("Cancel the rotation of an API key", "API_KEY:CREATE", "unread"),
  enableApiKey: known("Enable an API key", "API_KEY:CREATE", "unread"),
  disableApiKey: known("Disable an API key", "API_KEY:REVOKE"),
  revokeApiKey: known("Revoke an API key", "API_KEY:REVOKE"),
  bulkRevokeApiKeys: known("Revoke many API keys", "API_KEY:REVOKE"),
  promoteApiKeyTrial: known("Promote the dry run of an API key", "API_KEY:CREATE"),
  createOperator: known("Add an operator", "ACCOUNT_USER:CREATE", "terms"),
  updateOperator: known("Edit an operator", "ACCOUNT_USER:UPDATE", "terms"),
  deleteOperator: known("Remove an operator", "ACCOUNT_USER:DELETE", "unread"),
  updateRole: known("Edit a role", "ROLE:UPDATE", "terms"),
  putAccountPolicy: known("Change the policy of the account", "ACCOUNT:UPDATE"),
};

/** The operation in words; the id of one that this console does not know. */
export function operationOf({ operation_id }: ApprovalData): string {
  return OPERATIONS[operation_id]?.words ?? operation_id;
}

/** The permission that an approver needs for the change itself; `null`: not known here. */
export function permissionOf({ operation_id }: ApprovalData): string | null {
  return OPERATIONS[operation_id]?.permission ?? null;
}

const STATUSES = {
  PENDING: { text: "Waiting", variant: "warning" },
  APPROVED: { text: "Approved", variant: "success" },
  REJECTED: { text: "Rejected", variant: "error" },
  EXPIRED: { text: "Expired", variant: "neutral" },
  USED: { text: "Approved and made", variant: "success" },
} as const;
const WITHDRAWN = { text: "Withdrawn", variant: "neutral" } as const;

export function statusOf({ status, decided_by_id, requested_by }: ApprovalData) {
  return status === "REJECTED" && decided_by_id === requested_by.id ? WITHDRAWN : STATUSES[status];
}

/** Whether the operation ignores its body, which then says nothing about the change. */
export function isBodyUnread({ operation_id }: ApprovalData): boolean {
  return OPERATIONS[operation_id]?.body === "unread";
}

/** The name or the role of what would be made or changed; `null`: the request has none. */
export function termIn({ operation_id, body }: ApprovalData, member: "name" | "role_id"): string | null {
  // Elsewhere the member is ignored, and would only mislead.
  if (OPERATIONS[operation_id]?.body !== "terms") return null;
  const value = (JSON.parse(body) as Readonly<Record<string, unknown>>)[member];
  return typeof value === "string" ? value : null;
}

/** The body with a line for each member; as it was sent, where it is no JSON. */
export function prettyBody({ body }: ApprovalData): string {
  try {
    return visible(JSON.stringify(JSON.parse(body), null, 2));
  } catch {
    return visible(body);
  }
}

/** Characters that would hide or reorder what an approver reads are shown as their codes. */
function visible(text: string): string {
  return text.replaceAll(/[\p{Cf}\p{Zl}\p{Zp}]|(?!\n)\p{Cc}/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}

const PAGES: Readonly<Record<string, Page>> = { "api-keys": "keys", roles: "roles", operators: "operators" };

/** The page and the id of what would change; `null`: the path names none. */
export function targetOf({ path }: ApprovalData): { readonly page: Page; readonly id: string } | null {
  const [, kind = "", id = ""] = /\/(api-keys|roles|operators)\/([\da-f-]{36})(?:[/?]|$)/i.exec(path) ?? [];
  const page = PAGES[kind];
  return page === undefined ? null : { page, id };
}
