// What the handlers of all operations have in common.
import { isOperator } from "../core/key.ts";
import type { Actor } from "../store/ports.ts";
import type { AdminCall, AdminPorts } from "./call.ts";

/** The path's parameters; the account is never read from here, since the key says which one it is. */
export type Params = Readonly<Record<string, string>>;

export type Handler = (ports: AdminPorts, call: AdminCall, params: Params) => Promise<Response>;

/** Whoever makes the change. */
export function actorOf(call: AdminCall): Actor {
  const { id, name } = call.principal;
  const type = isOperator(call.principal) ? "OPERATOR" : "API_KEY";
  return { type, id, name, address: call.address, requestId: call.requestId };
}

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** A parameter that is an id, or `null`: then there is no such thing, and no need to ask for it. */
export function idIn(params: Params, name: string): string | null {
  const value = params[name] ?? "";
  return UUID.test(value) ? value : null;
}

/** Something was changed: it is logged, and this isolate believes nothing that it remembers before it has read what. */
export function changed(ports: AdminPorts, call: AdminCall, resourceId: string, outcome: string): void {
  ports.finder.doubt();
  call.log.set({ resource_id: resourceId, outcome });
}
