// The documentation of the operations on API keys.
import { ApiKeyListQuery } from "../../../src/admin/api-keys/schema.ts";
import { ForceQuery } from "../../../src/admin/schema.ts";
import { body, list, one, tagged, whole } from "../operation-doc.ts";

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
    "A second request with the same value creates no second key: the response is 409 with the first key, without its secret.",
  schema: { type: "string", minLength: 1, maxLength: 255, pattern: "^[!-~]+$" },
};

export const API_KEY_OPERATIONS = tagged("API keys", {
  listApiKeys: {
    summary: "List API keys",
    description: "Newest first. A filter by name is exact and case-sensitive, and lists active keys first.",
    query: ApiKeyListQuery,
    response: list("ApiKeyData", "A page of keys in any state."),
  },
  createApiKey: {
    summary: "Create an API key",
    description: "A key cannot grant more access than it has: role, expiry and addresses.",
    headers: [IDEMPOTENCY_KEY],
    body: body("ApiKeySpec", KEY_EXAMPLE),
    response: whole("CreatedApiKey", "The key, and its secret in `jwt`. The secret is not shown again."),
    errors: [409],
  },
  getApiKey: { summary: "Show an API key", response: one("ApiKeyData", "The key.") },
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
  explainRefusal: {
    summary: "Explain why a request was denied, or simulate a request",
    description:
      "Takes the id of a denied request, or a request to simulate. Shows every check in the order of evaluation. Changes no counter.",
    body: body("ExplainRequest", { request_id: "8293383c691a48be9d40-1" }),
    response: one("ExplanationData", "The result of every check."),
    errors: [404],
  },
});
