// Routes the operations that Gatehouse serves itself, as the operation table lists them. Every request has already been
// authorized by the gateway.
import { Hono } from "hono";
import type { AuthorizedRequest } from "../authorized-request.ts";
import { type GatehouseOperationId, gatehouseOperations } from "../core/routing/gatehouse-operations.ts";
import {
  createNetworkAllowList,
  deleteNetworkAllowList,
  getNetworkAllowList,
  listNetworkAllowLists,
} from "./allow-lists/handlers.ts";
import { replaceNetworkAllowList, updateNetworkAllowList } from "./allow-lists/replace.ts";
import { bulkRevokeApiKeys } from "./api-keys/bulk-revoke.ts";
import { createApiKey } from "./api-keys/create.ts";
import { disableApiKey, enableApiKey } from "./api-keys/disable.ts";
import { editApiKey } from "./api-keys/edit.ts";
import { getApiKey, listApiKeys, revokeApiKey } from "./api-keys/handlers.ts";
import { cancelApiKeyRotation, changeApiKeyRotation, rotateApiKey } from "./api-keys/rotate.ts";
import { approveChange, getApproval, listApprovals, rejectChange } from "./approvals/handlers.ts";
import { exportAuditEvents, getAuditHead, listAuditEvents } from "./audit/handlers.ts";
import { listRefusals } from "./denials/handlers.ts";
import { deleteApiKeyTrial, getApiKeyTrial, promoteApiKeyTrial, putApiKeyTrial } from "./dry-runs/handlers.ts";
import { createEndpoint, rotateEndpointSecret, updateEndpoint } from "./endpoints/change.ts";
import { listDeliveries, redeliverEvents, testEndpoint } from "./endpoints/deliveries.ts";
import { deleteEndpoint, getEndpoint, listEndpoints } from "./endpoints/handlers.ts";
import { explainRefusal } from "./explain/handlers.ts";
import type { Handler } from "./handler.ts";
import { createOperator, updateOperator } from "./operators/change.ts";
import { deleteOperator, getOperator, listOperators } from "./operators/handlers.ts";
import { listResourcePermissions } from "./permissions/handlers.ts";
import { getAccountPolicy, putAccountPolicy } from "./policy/handlers.ts";
import type { AdminPorts } from "./ports.ts";
import { withoutParameters } from "./query.ts";
import { createRole, deleteRole, getRole, listRbacRoles } from "./roles/handlers.ts";
import { updateRole } from "./roles/update.ts";
import { getSelf } from "./self/handlers.ts";

// Exhaustive by type: an operation that Gatehouse handles does not compile without its handler.
const HANDLERS: Record<GatehouseOperationId, Handler> = {
  listApiKeys,
  editApiKey,
  disableApiKey,
  revokeApiKey,
  promoteApiKeyTrial,
  listApprovals,
  listAuditEvents,
  exportAuditEvents,
  listRefusals,
  listNetworkAllowLists,
  updateNetworkAllowList,
  replaceNetworkAllowList,
  listOperators,
  updateOperator,
  deleteOperator,
  listEndpoints,
  listDeliveries,
  listRbacRoles,
  updateRole,
  ...withoutParameters({
    getAccountPolicy,
    putAccountPolicy,
    getApproval,
    approveChange,
    rejectChange,
    createApiKey,
    bulkRevokeApiKeys,
    getApiKey,
    enableApiKey,
    rotateApiKey,
    changeApiKeyRotation,
    cancelApiKeyRotation,
    getApiKeyTrial,
    putApiKeyTrial,
    deleteApiKeyTrial,
    explainRefusal,
    getAuditHead,
    createNetworkAllowList,
    getNetworkAllowList,
    deleteNetworkAllowList,
    createOperator,
    getOperator,
    createEndpoint,
    getEndpoint,
    updateEndpoint,
    deleteEndpoint,
    rotateEndpointSecret,
    redeliverEvents,
    testEndpoint,
    listResourcePermissions,
    getSelf,
    createRole,
    getRole,
    deleteRole,
  }),
};

/**
 * Creates the handler of all operations that Gatehouse serves itself.
 *
 * @returns a handler that rejects when a port throws; the gateway then responds 503
 */
export function createAdminRouter(ports: AdminPorts): (request: AuthorizedRequest) => Promise<Response> {
  const app = new Hono<{ Bindings: AuthorizedRequest }>({
    // The canonical path, which is what was authorized; never the URL, which every framework decodes differently.
    getPath: (_request, options) => (options as { readonly env: AuthorizedRequest }).env.path,
  });
  for (const operation of gatehouseOperations(ports.operations.managementPrefix)) {
    const handler = HANDLERS[operation.operationId];
    const pattern = operation.path.replace(/\{(\w+)\}/g, ":$1");
    app.on(operation.method, pattern, (context) => handler(ports, context.env, context.req.param()));
  }
  // Hono would respond 404 to a missing route and 500 to an exception. Both are internal errors, which the gateway handles.
  app.notFound((context) => {
    throw new Error(`no handler for ${context.env.operation.operationId}`);
  });
  app.onError((error) => {
    throw error;
  });
  return async (request) => app.fetch(request.raw, request);
}
