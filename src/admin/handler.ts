// What the handlers of all operations have in common.

import type { AuthorizedRequest } from "../authorized-request.ts";
import { isOperator } from "../core/access/principal.ts";
import type { Actor } from "../store/common.ts";
import type { AdminPorts } from "./ports.ts";

/** The path's parameters; the account is never read from here, since the key says which one it is. */
export type PathParams = Readonly<Record<string, string>>;

export type Handler = (ports: AdminPorts, request: AuthorizedRequest, params: PathParams) => Promise<Response>;

/** Whoever makes the change. */
export function actorOf(request: AuthorizedRequest): Actor {
  const { id, name } = request.principal;
  const type = isOperator(request.principal) ? "OPERATOR" : "API_KEY";
  return { type, id, name, address: request.address, requestId: request.requestId };
}

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** A parameter that is an id, or `null`: then there is no such thing, and no need to ask for it. */
export function uuidParam(params: PathParams, name: string): string | null {
  const value = params[name] ?? "";
  return UUID.test(value) ? value : null;
}

/** Something was changed: it is logged, and this isolate believes nothing that it remembers before it has read what. */
export function recordChange(ports: AdminPorts, request: AuthorizedRequest, resourceId: string, outcome: string): void {
  ports.resolver.invalidate();
  request.log.set({ resource_id: resourceId, outcome });
}
