// What the OpenAPI document says of each operation beyond the operation table: which schemas, which errors, which words.
import type * as z from "zod/mini";
import * as allowLists from "../src/admin/allow-lists/schema.ts";
import * as apiKeys from "../src/admin/api-keys/schema.ts";
import * as audit from "../src/admin/audit/schema.ts";
import * as denials from "../src/admin/denials/schema.ts";
import * as dryRuns from "../src/admin/dry-runs/schema.ts";
import * as explain from "../src/admin/explain/schema.ts";
import * as operators from "../src/admin/operators/schema.ts";
import * as permissions from "../src/admin/permissions/schema.ts";
import * as roles from "../src/admin/roles/schema.ts";
import * as shared from "../src/admin/schema.ts";
import * as self from "../src/admin/self/schema.ts";
import type { GatehouseOperationId } from "../src/core/routing/operations.ts";

export const COMPONENTS = {
  Metadata: shared.Metadata,
  ErrorAnswer: shared.ErrorAnswer,
  PermissionData: permissions.PermissionData,
  KeyReference: shared.KeyReferenceData,
  RoleData: roles.RoleData,
  RoleSpec: roles.RoleSpec,
  SelfData: self.SelfData,
  ApiKeySpec: apiKeys.ApiKeySpec,
  ApiKeyData: apiKeys.ApiKeyData,
  CreatedApiKey: apiKeys.CreatedApiKey,
  RevokeBody: apiKeys.RevokeBody,
  RevokedApiKey: apiKeys.RevokedApiKey,
  TrialSpec: dryRuns.TrialSpec,
  TrialData: dryRuns.TrialData,
  PromotedTrial: dryRuns.PromotedTrial,
  AllowListSpec: allowLists.AllowListSpec,
  AllowListData: allowLists.AllowListData,
  CreatedAllowList: allowLists.CreatedAllowList,
  OperatorSpec: operators.OperatorSpec,
  OperatorChange: operators.OperatorChange,
  OperatorData: operators.OperatorData,
  AuditEventData: audit.AuditEventData,
  RefusalData: denials.RefusalData,
  ExplainRequest: explain.ExplainRequest,
  ExplanationData: explain.ExplanationData,
} satisfies Readonly<Record<string, z.ZodMiniType>>;

type Component = keyof typeof COMPONENTS;

export interface Contract {
  readonly tag: "API keys" | "IP allow lists" | "Roles" | "Operators" | "Audit";
  readonly summary: string;
  readonly description?: string;
  readonly query?: z.ZodMiniObject;
  readonly headers?: readonly Readonly<Record<string, unknown>>[];
  readonly body?: { readonly schema: Component; readonly required: boolean; readonly example?: unknown };
  /** `null`: no body. As one in `data`, as many, or as the whole body. */
  readonly answer: {
    readonly schema: Component;
    readonly as: "one" | "list" | "whole" | "lines";
    readonly description: string;
    readonly example?: unknown;
  } | null;
  /** Beside 401, 403 and 503, which every operation has. */
  readonly errors?: readonly number[];
}

const error = (status: number, code: string, detail: string) => ({
  error: { status, detail, code, request_id: "8293383c691a48be9d40-1" },
});

export const ERRORS: Readonly<Record<number, { readonly description: string; readonly example: unknown }>> = {
  400: {
    description: "Something in the request is wrong; `faults` has all of it.",
    example: {
      error: {
        ...error(400, "invalid_request", "Invalid request: name: This is required.").error,
        faults: [{ field: "name", message: "This is required." }],
      },
    },
  },
  401: {
    description: "No API key, or not one that may be used. `detail` is `Invalid JWT` or `JWT has expired`.",
    example: error(401, "key_expired", "JWT has expired"),
  },
  403: {
    description: "The key's role, or the address it is used from, does not allow this; or it would give away too much.",
    example: error(403, "address_not_allowed", "This API key may not be used from your network."),
  },
  404: {
    description: "There is no such thing in this account.",
    example: error(404, "not_found", "API key not found"),
  },
  409: {
    description: "What is there stands in the way.",
    example: error(409, "name_taken", "There is an IP allow list with this name already."),
  },
  413: {
    description: "The body is larger than 64 KiB.",
    example: error(413, "body_too_large", "A body of this operation has at most 64 KiB."),
  },
  415: {
    description: "The body is not JSON.",
    example: error(415, "unsupported_media_type", "A body must be application/json, and not encoded."),
  },
  503: {
    description: "Storage does not answer: nothing was changed, and the caller may come again after `Retry-After`.",
    example: error(503, "storage_unavailable", "The door cannot decide: storage does not answer."),
  },
};

const WRITE = [400, 404, 409, 413, 415];

const KEY_EXAMPLE = {
  name: "ci",
  description: "Deployments",
  expire_after_hours: 720,
  role_id: "cb6edae1-f2c7-4540-a870-521754e8a000",
  allow_list_info: ["1eaf5552-e2f3-4a28-b215-106667c05178"],
};

const TRIAL_EXAMPLE = {
  role_id: "95b23b27-b36b-4c2e-b7b6-4a94ed7676e4",
  allow_list_info: ["1eaf5552-e2f3-4a28-b215-106667c05178"],
};

const LIST_EXAMPLE = { name: "office", description: "", allow_list: ["192.0.2.0/24", "2001:db8::/32"] };

const ROLE_EXAMPLE = {
  name: "Backups",
  description: "Makes and deletes backups",
  permissions: [
    { resource_type: "BACKUP", operation_groups: [{ operation_group: "CREATE" }, { operation_group: "DELETE" }] },
  ],
};

const OPERATOR_EXAMPLE = {
  name: "Ada",
  email: "ada@example.com",
  role_id: "36ec6789-6dbf-4d12-91b4-243587d6882b",
  expire_after_hours: 0,
};

const IDEMPOTENCY_KEY = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description:
    "A second request with it makes no second key: it is answered 409 with the first key, without its secret.",
  schema: { type: "string", minLength: 1, maxLength: 255, pattern: "^[!-~]+$" },
};

// Exhaustive by type: an operation that the table gives to Gatehouse does not compile without its contract.
export const CONTRACTS: Readonly<Record<GatehouseOperationId, Contract>> = {
  listApiKeys: {
    tag: "API keys",
    summary: "List API keys",
    description: "Newest first. By name, exactly and with its case, the active ones come first.",
    query: apiKeys.ApiKeyListQuery,
    answer: { schema: "ApiKeyData", as: "list", description: "A page of keys, whatever their state." },
    errors: [400],
  },
  createApiKey: {
    tag: "API keys",
    summary: "Create an API key",
    description: "A key gives away no more than it has: role, expiry and addresses.",
    headers: [IDEMPOTENCY_KEY],
    body: { schema: "ApiKeySpec", required: true, example: KEY_EXAMPLE },
    answer: { schema: "CreatedApiKey", as: "whole", description: "The key, and in `jwt` its secret, this once." },
    errors: WRITE.filter((status) => status !== 404),
  },
  getApiKey: {
    tag: "API keys",
    summary: "Show an API key",
    answer: { schema: "ApiKeyData", as: "one", description: "The key." },
    errors: [404],
  },
  revokeApiKey: {
    tag: "API keys",
    summary: "Revoke an API key",
    description:
      "Final. The last key that can manage keys is revoked with `force` alone. A second time is answered alike.",
    query: shared.ForceQuery,
    body: { schema: "RevokeBody", required: false },
    answer: {
      schema: "RevokedApiKey",
      as: "whole",
      description: "The revoked key, and how soon that is felt: for calls that change something, and for reads.",
    },
    errors: WRITE,
  },
  getApiKeyTrial: {
    tag: "API keys",
    summary: "Show what an API key is tried with, and what that would have refused",
    description: "Counts of allowed calls only. Written by the minute.",
    answer: { schema: "TrialData", as: "one", description: "The trial." },
    errors: [404],
  },
  putApiKeyTrial: {
    tag: "API keys",
    summary: "Try an API key with another role, IP allow lists, or both",
    description:
      "Report-only: no call is refused for it. Takes the place of the trial before, and begins to count anew. The key must be active, and have, now and with the trial promoted, no more than whoever asks.",
    body: { schema: "TrialSpec", required: true, example: TRIAL_EXAMPLE },
    answer: { schema: "TrialData", as: "one", description: "The trial." },
    errors: WRITE,
  },
  deleteApiKeyTrial: {
    tag: "API keys",
    summary: "Drop the trial of an API key",
    description: "With its counts; the key stays as it is.",
    answer: null,
    errors: [404],
  },
  promoteApiKeyTrial: {
    tag: "API keys",
    summary: "Make the trial of an API key its own role and IP allow lists",
    description:
      "The key must be active, and have, before and after, no more than whoever asks. The last key that can manage keys is lowered with `force` alone.",
    query: shared.ForceQuery,
    answer: { schema: "PromotedTrial", as: "whole", description: "The key as it is now, and how soon that is felt." },
    errors: [400, 404, 409],
  },
  explainRefusal: {
    tag: "API keys",
    summary: "Say why a call was refused, or would be",
    description:
      "Takes the request id of a refused call, or a call that is only thought of. Every check, in the order of the verdict; touches no counter.",
    body: { schema: "ExplainRequest", required: true, example: { request_id: "8293383c691a48be9d40-1" } },
    answer: { schema: "ExplanationData", as: "one", description: "What every check said." },
    errors: WRITE.filter((status) => status !== 409),
  },
  listAuditEvents: {
    tag: "Audit",
    summary: "List audit events",
    description: "Newest first. With `Accept: application/x-ndjson` it is the export.",
    query: audit.AuditQuery,
    answer: { schema: "AuditEventData", as: "list", description: "A page of events." },
    errors: [400],
  },
  exportAuditEvents: {
    tag: "Audit",
    summary: "Export audit events",
    description: "Oldest first, all of them, one JSON object a line, streamed.",
    query: audit.AuditExportQuery,
    answer: { schema: "AuditEventData", as: "lines", description: "The events." },
    errors: [400],
  },
  listRefusals: {
    tag: "Audit",
    summary: "List how often keys were refused",
    description: "By hour, key and reason, newest first. Counts are written by the minute.",
    query: denials.RefusalQuery,
    answer: { schema: "RefusalData", as: "list", description: "A page of counts." },
    errors: [400],
  },
  listNetworkAllowLists: {
    tag: "IP allow lists",
    summary: "List IP allow lists",
    query: allowLists.AllowListQuery,
    answer: { schema: "AllowListData", as: "list", description: "A page of lists." },
    errors: [400, 404],
  },
  createNetworkAllowList: {
    tag: "IP allow lists",
    summary: "Create an IP allow list",
    description: "A rule is an IPv4 or IPv6 address or a CIDR range without host bits; it is echoed in canonical form.",
    body: { schema: "AllowListSpec", required: true, example: LIST_EXAMPLE },
    answer: {
      schema: "CreatedAllowList",
      as: "whole",
      description: "The list, with warnings of what may not be meant.",
    },
    errors: WRITE,
  },
  getNetworkAllowList: {
    tag: "IP allow lists",
    summary: "Show an IP allow list",
    answer: { schema: "AllowListData", as: "one", description: "The list." },
    errors: [404],
  },
  deleteNetworkAllowList: {
    tag: "IP allow lists",
    summary: "Delete an IP allow list",
    description: "Not while an active key is bound to it.",
    answer: null,
    errors: [404, 409],
  },
  listOperators: {
    tag: "Operators",
    summary: "List operators",
    query: operators.OperatorListQuery,
    answer: { schema: "OperatorData", as: "list", description: "A page of operators, oldest first." },
    errors: [400],
  },
  createOperator: {
    tag: "Operators",
    summary: "Add an operator",
    description:
      "A person, recognised by an e-mail address that the issuer has verified, or by a subject; exactly. With no more permissions, and no longer, than whoever adds them.",
    body: { schema: "OperatorSpec", required: true, example: OPERATOR_EXAMPLE },
    answer: { schema: "OperatorData", as: "one", description: "The operator." },
    errors: WRITE.filter((status) => status !== 404),
  },
  getOperator: {
    tag: "Operators",
    summary: "Show an operator",
    answer: { schema: "OperatorData", as: "one", description: "The operator." },
    errors: [404],
  },
  updateOperator: {
    tag: "Operators",
    summary: "Change an operator",
    description:
      "Name, role and expiry; the identity stays. The last one who can manage keys is lowered with `force` alone.",
    query: shared.ForceQuery,
    body: { schema: "OperatorChange", required: true },
    answer: { schema: "OperatorData", as: "one", description: "The operator." },
    errors: WRITE,
  },
  deleteOperator: {
    tag: "Operators",
    summary: "Remove an operator",
    description: "Felt with their next call. The last one who can manage keys is removed with `force` alone.",
    query: shared.ForceQuery,
    answer: null,
    errors: [400, 404, 409],
  },
  listResourcePermissions: {
    tag: "Roles",
    summary: "List the permissions that there are",
    answer: { schema: "PermissionData", as: "list", description: "The whole catalogue." },
  },
  getSelf: {
    tag: "Roles",
    summary: "Show who calls",
    description: "The API key or the operator, with what it may do.",
    answer: { schema: "SelfData", as: "one", description: "Whoever calls." },
  },
  listRbacRoles: {
    tag: "Roles",
    summary: "List roles",
    description: "By name without regard to case: the exact one first, then those that contain it.",
    query: roles.RoleListQuery,
    answer: { schema: "RoleData", as: "list", description: "A page of roles, built-in ones first." },
    errors: [400],
  },
  createRole: {
    tag: "Roles",
    summary: "Create a role",
    body: { schema: "RoleSpec", required: true, example: ROLE_EXAMPLE },
    answer: { schema: "RoleData", as: "one", description: "The role." },
    errors: WRITE.filter((status) => status !== 404),
  },
  getRole: {
    tag: "Roles",
    summary: "Show a role",
    answer: { schema: "RoleData", as: "one", description: "The role with its permissions." },
    errors: [404],
  },
  updateRole: {
    tag: "Roles",
    summary: "Replace a role",
    description:
      "Every key that has it has the new permissions. Both the old and the new ones must be within the key's own.",
    query: shared.ForceQuery,
    body: { schema: "RoleSpec", required: true, example: ROLE_EXAMPLE },
    answer: { schema: "RoleData", as: "one", description: "The role." },
    errors: WRITE,
  },
  deleteRole: {
    tag: "Roles",
    summary: "Delete a role",
    description: "Not while an active key has it.",
    answer: null,
    errors: [404, 409],
  },
};
