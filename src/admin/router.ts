// The operations that Gatehouse itself answers, routed as the operation table says. Not a door: a call comes here when it
// has been authorised like any other.
import { Hono } from "hono";
import type { AuthorizedRequest } from "../authorized-request.ts";
import { type GatehouseOperationId, OPERATIONS } from "../core/routing/operations.ts";
import {
  createNetworkAllowList,
  deleteNetworkAllowList,
  getNetworkAllowList,
  listNetworkAllowLists,
} from "./allow-lists/handlers.ts";
import { createApiKey } from "./api-keys/create.ts";
import { getApiKey, listApiKeys, revokeApiKey } from "./api-keys/handlers.ts";
import { exportAuditEvents, listAuditEvents, listRefusals } from "./audit/handlers.ts";
import { deleteApiKeyTrial, getApiKeyTrial, promoteApiKeyTrial, putApiKeyTrial } from "./dry-runs/handlers.ts";
import { explainRefusal } from "./explain/handlers.ts";
import type { Handler } from "./handler.ts";
import { createOperator, deleteOperator, getOperator, listOperators, updateOperator } from "./operators/handlers.ts";
import { listResourcePermissions } from "./permissions/handlers.ts";
import type { AdminPorts } from "./ports.ts";
import { createRole, deleteRole, getRole, listRbacRoles, updateRole } from "./roles/handlers.ts";
import { getSelf } from "./self/handlers.ts";

// Exhaustive by type: an operation that the table gives to Gatehouse does not compile without its handler.
const HANDLERS: Record<GatehouseOperationId, Handler> = {
  listApiKeys,
  createApiKey,
  getApiKey,
  revokeApiKey,
  getApiKeyTrial,
  putApiKeyTrial,
  deleteApiKeyTrial,
  promoteApiKeyTrial,
  explainRefusal,
  listAuditEvents,
  exportAuditEvents,
  listRefusals,
  listNetworkAllowLists,
  createNetworkAllowList,
  getNetworkAllowList,
  deleteNetworkAllowList,
  listOperators,
  createOperator,
  getOperator,
  updateOperator,
  deleteOperator,
  listResourcePermissions,
  getSelf,
  listRbacRoles,
  createRole,
  getRole,
  updateRole,
  deleteRole,
};

/**
 * The handler of every operation that the table gives to Gatehouse. Rejects when a port throws: the door then answers
 * that nothing could be done.
 */
export function createAdmin(ports: AdminPorts): (request: AuthorizedRequest) => Promise<Response> {
  const app = new Hono<{ Bindings: AuthorizedRequest }>({
    // The canonical path that was decided on; never the URL, which frameworks decode in their own ways.
    getPath: (_request, options) => (options as { readonly env: AuthorizedRequest }).env.path,
  });
  for (const operation of OPERATIONS) {
    if (operation.handledBy !== "gatehouse") continue;
    const handler = HANDLERS[operation.operationId];
    const pattern = operation.path.replace(/\{(\w+)\}/g, ":$1");
    app.on(operation.method, pattern, (context) => handler(ports, context.env, context.req.param()));
  }
  // Hono would make a 404 of a hole in the table and a 500 of a fault; both are faults, and the door answers those.
  app.notFound((context) => {
    throw new Error(`no handler for ${context.env.operation.operationId}`);
  });
  app.onError((error) => {
    throw error;
  });
  return async (request) => app.fetch(request.raw, request);
}
