// What the handlers of all operations share: their signature, path parameters, the actor of a change.

import type { AuthorizedRequest } from "../authorized-request.ts";
import { isOperator } from "../core/access/principal.ts";
import type { Actor } from "../store/common.ts";
import type { AdminPorts } from "./ports.ts";

/** The path parameters. The account is never read from the path: the principal has it. */
export type PathParams = Readonly<Record<string, string>>;

/** Handles one operation. Rejects when a port throws; the gateway then responds 503. */
export type Handler = (ports: AdminPorts, request: AuthorizedRequest, params: PathParams) => Promise<Response>;

/** The principal of a request as the actor of a change. */
export function actorOf(request: AuthorizedRequest): Actor {
  const { id, name } = request.principal;
  const type = isOperator(request.principal) ? "OPERATOR" : "API_KEY";
  return { type, id, name, address: request.address, requestId: request.requestId };
}

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** A path parameter that is an id; `null` when it is not a UUID, so that no resource can have it. */
export function uuidParam(params: PathParams, name: string): string | null {
  const value = params[name] ?? "";
  return UUID.test(value) ? value : null;
}

/** Records a change: logs it, and invalidates this isolate's key cache until the change feed has been read. */
export function recordChange(ports: AdminPorts, request: AuthorizedRequest, resourceId: string, outcome: string): void {
  ports.keyResolver.invalidate();
  request.log.set({ resource_id: resourceId, outcome });
}
