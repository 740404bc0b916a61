// The operations that Gatehouse serves itself, below MANAGEMENT_PREFIX, and the permission that each requires.
import type { GatehousePermission } from "../access/gatehouse-permissions.ts";
import type { DescribedOperation, Method } from "./api-description.ts";

const get = row("GET");
const post = row("POST");
const put = row("PUT");
const patch = row("PATCH");
const del = row("DELETE");

const ANY_KEY = null;

/** An operation that Gatehouse serves. */
export interface GatehouseOperation extends DescribedOperation<GatehousePermission> {
  readonly handledBy: "gatehouse";
  /** The path parameter with the id of a key. That key may call the operation on itself without the permission. */
  readonly selfParam?: "apiKeyId";
  /** Whether that key may do so from any address, and beyond its rate limit: the operation only takes access away. */
  readonly selfAlways?: true;
}

/** Where existing clients look for them. */
export const DEFAULT_MANAGEMENT_PREFIX = "/api/public/v1";

/**
 * Every operation that Gatehouse serves.
 *
 * @param prefix without a slash at its end: `/api/public/v1`
 */
export function gatehouseOperations(prefix: string) {
  const ACCOUNT = `${prefix}/accounts/{accountId}`;
  const PROJECT = `${ACCOUNT}/projects/{projectId}`;
  return [
    // Account
    get("listAuditEvents", `${ACCOUNT}/audit/events`, "AUDIT_EVENT:READ"),
    get("exportAuditEvents", `${ACCOUNT}/audit/events/export`, "AUDIT_EVENT:READ"),
    get("getAuditHead", `${ACCOUNT}/audit/head`, "AUDIT_EVENT:READ"),
    get("listRefusals", `${ACCOUNT}/audit/refusals`, "AUDIT_EVENT:READ"),

    // API keys
    get("listApiKeys", `${ACCOUNT}/api-keys`, "API_KEY:READ"),
    { ...post("explainRefusal", `${ACCOUNT}/api-keys/explain`, "API_KEY:READ"), effect: "safe" },
    post("bulkRevokeApiKeys", `${ACCOUNT}/api-keys/revoke`, "API_KEY:REVOKE"),
    post("createApiKey", `${ACCOUNT}/api-keys`, "API_KEY:CREATE"),
    { ...get("getApiKey", `${ACCOUNT}/api-keys/{apiKeyId}`, "API_KEY:READ"), selfParam: "apiKeyId" },
    patch("editApiKey", `${ACCOUNT}/api-keys/{apiKeyId}`, "API_KEY:CREATE"),
    {
      ...post("revokeApiKey", `${ACCOUNT}/api-keys/{apiKeyId}/revoke`, "API_KEY:REVOKE"),
      selfParam: "apiKeyId",
      selfAlways: true,
    },
    {
      ...post("disableApiKey", `${ACCOUNT}/api-keys/{apiKeyId}/disable`, "API_KEY:REVOKE"),
      selfParam: "apiKeyId",
      selfAlways: true,
    },
    post("enableApiKey", `${ACCOUNT}/api-keys/{apiKeyId}/enable`, "API_KEY:CREATE"),
    { ...post("rotateApiKey", `${ACCOUNT}/api-keys/{apiKeyId}/rotate`, "API_KEY:CREATE"), selfParam: "apiKeyId" },
    patch("changeApiKeyRotation", `${ACCOUNT}/api-keys/{apiKeyId}/rotation`, "API_KEY:CREATE"),
    del("cancelApiKeyRotation", `${ACCOUNT}/api-keys/{apiKeyId}/rotation`, "API_KEY:CREATE"),
    get("getApiKeyTrial", `${ACCOUNT}/api-keys/{apiKeyId}/trial`, "API_KEY:READ"),
    put("putApiKeyTrial", `${ACCOUNT}/api-keys/{apiKeyId}/trial`, "API_KEY:CREATE"),
    del("deleteApiKeyTrial", `${ACCOUNT}/api-keys/{apiKeyId}/trial`, "API_KEY:CREATE"),
    post("promoteApiKeyTrial", `${ACCOUNT}/api-keys/{apiKeyId}/trial/promote`, "API_KEY:CREATE"),

    // The policy of an account, and the changes that wait for a second person
    get("getAccountPolicy", `${ACCOUNT}/policy`, "API_KEY:READ"),
    put("putAccountPolicy", `${ACCOUNT}/policy`, "ACCOUNT:UPDATE"),
    get("listApprovals", `${ACCOUNT}/approvals`, "API_KEY:READ"),
    get("getApproval", `${ACCOUNT}/approvals/{approvalId}`, "API_KEY:READ"),
    post("approveChange", `${ACCOUNT}/approvals/{approvalId}/approve`, "API_KEY:CREATE"),
    post("rejectChange", `${ACCOUNT}/approvals/{approvalId}/reject`, "API_KEY:CREATE"),

    // Operators, with the permissions of users
    get("listOperators", `${ACCOUNT}/operators`, "ACCOUNT_USER:READ"),
    post("createOperator", `${ACCOUNT}/operators`, "ACCOUNT_USER:CREATE"),
    get("getOperator", `${ACCOUNT}/operators/{operatorId}`, "ACCOUNT_USER:READ"),
    put("updateOperator", `${ACCOUNT}/operators/{operatorId}`, "ACCOUNT_USER:UPDATE"),
    del("deleteOperator", `${ACCOUNT}/operators/{operatorId}`, "ACCOUNT_USER:DELETE"),

    // Endpoints that events are sent to
    get("listEndpoints", `${ACCOUNT}/endpoints`, "AUDIT_EVENT:READ"),
    post("createEndpoint", `${ACCOUNT}/endpoints`, "AUDIT_EVENT:CREATE"),
    get("getEndpoint", `${ACCOUNT}/endpoints/{endpointId}`, "AUDIT_EVENT:READ"),
    put("updateEndpoint", `${ACCOUNT}/endpoints/{endpointId}`, "AUDIT_EVENT:UPDATE"),
    del("deleteEndpoint", `${ACCOUNT}/endpoints/{endpointId}`, "AUDIT_EVENT:DELETE"),
    post("rotateEndpointSecret", `${ACCOUNT}/endpoints/{endpointId}/rotate-secret`, "AUDIT_EVENT:UPDATE"),
    get("listDeliveries", `${ACCOUNT}/endpoints/{endpointId}/deliveries`, "AUDIT_EVENT:READ"),
    post("redeliverEvents", `${ACCOUNT}/endpoints/{endpointId}/redeliver`, "AUDIT_EVENT:UPDATE"),
    post("testEndpoint", `${ACCOUNT}/endpoints/{endpointId}/test`, "AUDIT_EVENT:UPDATE"),

    // Roles and permissions
    get("listResourcePermissions", `${prefix}/auth/permissions`, ANY_KEY),
    get("getSelf", `${prefix}/auth/self`, ANY_KEY),
    get("listRbacRoles", `${ACCOUNT}/roles`, "ROLE:READ"),
    post("createRole", `${ACCOUNT}/roles`, "ROLE:CREATE"),
    get("getRole", `${ACCOUNT}/roles/{roleId}`, "ROLE:READ"),
    put("updateRole", `${ACCOUNT}/roles/{roleId}`, "ROLE:UPDATE"),
    del("deleteRole", `${ACCOUNT}/roles/{roleId}`, "ROLE:DELETE"),

    // Network
    get("listNetworkAllowLists", `${PROJECT}/allow-lists`, "NETWORK_ALLOW_LIST:READ"),
    post("createNetworkAllowList", `${PROJECT}/allow-lists`, "NETWORK_ALLOW_LIST:CREATE"),
    get("getNetworkAllowList", `${PROJECT}/allow-lists/{allowListId}`, "NETWORK_ALLOW_LIST:READ"),
    put("updateNetworkAllowList", `${PROJECT}/allow-lists/{allowListId}`, "NETWORK_ALLOW_LIST:CREATE"),
    post("replaceNetworkAllowList", `${PROJECT}/allow-lists/{allowListId}/replace`, "API_KEY:CREATE"),
    del("deleteNetworkAllowList", `${PROJECT}/allow-lists/{allowListId}`, "NETWORK_ALLOW_LIST:DELETE"),
  ] as const satisfies readonly GatehouseOperation[];
}

/** admin/router.ts has a handler for each. */
export type GatehouseOperationId = ReturnType<typeof gatehouseOperations>[number]["operationId"];

function row<const M extends Method>(method: M) {
  const effect: GatehouseOperation["effect"] = method === "GET" ? "safe" : "mutating";
  return <const Id extends string>(operationId: Id, path: string, permission: GatehousePermission | null) =>
    ({ operationId, method, path, permission, effect, handledBy: "gatehouse" }) as const;
}
