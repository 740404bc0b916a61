// The documentation of the operations on API keys.
import { ApiKeyListQuery } from "../../../src/admin/api-keys/schema.ts";
import { ForceQuery } from "../../../src/admin/schema.ts";
import { BOUNDED, body, list, one, tagged, whole } from "../operation-doc.ts";

const KEY_EXAMPLE = {
  name: "ci",
  description: "Deployments",
  expire_after_hours: 720,
  role_id: "cb6edae1-f2c7-4540-a870-521754e8a000",
  allow_list_info: ["1eaf5552-e2f3-4a28-b215-106667c05178"],
};

const IDEMPOTENCY_KEY = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description:
    "A second request with the same value creates no second key: the response is 409 with the first key, without its secret; or 422 when the request is another one.",
  schema: { type: "string", minLength: 1, maxLength: 255, pattern: "^[!-~]+$" },
};

export const API_KEY_OPERATIONS = tagged("API keys", {
  listApiKeys: {
    summary: "List API keys",
    description: `Newest first. A filter by name is exact and case-sensitive, and lists active keys first and of these the oldest, which is the one to revoke after a rotation. ${BOUNDED}`,
    query: ApiKeyListQuery,
    response: list("ApiKeyData", "A page of keys in any state."),
  },
  createApiKey: {
    summary: "Create an API key",
    description:
      "A key cannot grant more access than it has: role, expiry and addresses. With `canary` it creates a canary key, which never opens: its use is an alarm, and its clients see a revoked key.",
    headers: [IDEMPOTENCY_KEY],
    body: body("ApiKeySpec", KEY_EXAMPLE),
    response: whole("CreatedApiKey", "The key, and its secret in `jwt`. The secret is not shown again."),
    errors: [422],
    ownErrors: { 409: "AlreadyCreatedAnswer" },
  },
  getApiKey: { summary: "Show an API key", response: one("ApiKeyData", "The key.") },
  editApiKey: {
    summary: "Edit an API key",
    description:
      "Changes name, description, expiry, role and IP allow lists; what the body leaves out stays as it is. The key must be active, and must have no more access than the requesting key, before and after. It cannot end later than it was signed for (409 `expiry_signed`). The last key that can manage keys only loses that permission with `force`.",
    query: ForceQuery,
    body: body("ApiKeyEdit", { expire_after_hours: 168 }),
    response: whole("EditedApiKey", "The edited key, and how soon the edit takes effect."),
    errors: [409],
  },
  revokeApiKey: {
    summary: "Revoke an API key",
    description:
      "A revocation is final. The last key that can manage keys is only revoked with `force`. A second revocation gets the same response.",
    query: ForceQuery,
    body: { schema: "RevokeBody", required: false },
    response: whole(
      "RevokedApiKey",
      "The revoked key, and how soon the revocation takes effect for mutating requests and for reads.",
    ),
    errors: [409],
  },
  bulkRevokeApiKeys: {
    summary: "Revoke many API keys",
    description:
      "Without `confirm_count` nothing is revoked: the response counts the active keys of the filter. With it the keys are revoked, if that many still match (409 `count_changed`): at most 500 at once, oldest first. The requesting key is left out, and so are canary keys, unless the filter names one. The last keys that can manage keys are only revoked with `force`.",
    body: body("BulkRevokeBody", {
      filter: { descendants_of_id: "1eaf5552-e2f3-4a28-b215-106667c05178" },
      confirm_count: 3,
    }),
    response: whole("BulkRevocation", "How many keys match, and how many were revoked."),
    ownErrors: { 409: "CountChangedAnswer" },
  },
  disableApiKey: {
    summary: "Disable an API key",
    description:
      "Requests with the key are denied until it is enabled; everything else of it stays. A canary key is not disabled (409 `key_canary`). The last key that can manage keys is only disabled with `force`. A second request gets the same response.",
    query: ForceQuery,
    body: { schema: "RevokeBody", required: false },
    response: whole("RevokedApiKey", "The disabled key, and how soon this takes effect."),
    errors: [409],
  },
  enableApiKey: {
    summary: "Enable a disabled API key",
    description:
      "The key must have no more access than the requesting key. A second request gets the same response. A canary key is not enabled (409 `key_canary`).",
    response: whole("RevokedApiKey", "The enabled key, and how soon this takes effect."),
    errors: [409],
  },
  rotateApiKey: {
    summary: "Rotate an API key: create its successor",
    description:
      "The successor has the name and the terms of the key, and lives as long from now as the key was given. The key ends after the overlap, or at its own expiry if that is earlier. A key may rotate itself, once. A canary key is not rotated (409 `key_canary`).",
    body: body("Overlap", { overlap_hours: 24 }),
    response: whole("RotatedApiKey", "The successor with its secret in `jwt`, which is not shown again, and the key."),
    errors: [409],
  },
  changeApiKeyRotation: {
    summary: "Move the end of a rotated API key",
    description:
      "`overlap_hours` counts from now; 0 finishes the rotation. The key never ends later than without the rotation.",
    body: body("Overlap", { overlap_hours: 48 }),
    response: whole("RevokedApiKey", "The rotated key, and how soon an earlier end takes effect."),
    errors: [409],
  },
  cancelApiKeyRotation: {
    summary: "Cancel the rotation of an API key",
    description: "Revokes the successor; the key has its earlier expiry again. Not once the key has ended.",
    response: whole("RevokedApiKey", "The key, and how soon the revocation of its successor takes effect."),
    errors: [409],
  },
  explainRefusal: {
    summary: "Explain why a request was denied, or simulate a request",
    description:
      "Takes the id of a denied request, or a request to simulate. Shows every check in the order of evaluation. Changes no counter.",
    body: body("ExplainRequest", { request_id: "8293383c691a48be9d40-1" }),
    response: one("ExplanationData", "The result of every check."),
    errors: [404],
  },
});
