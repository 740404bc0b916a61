// What the handlers of all operations share: their signature, path parameters, the actor of a change.

import type { AuthorizedRequest } from "../authorized-request.ts";
import { isOperator } from "../core/access/principal.ts";
import type { Actor, RowVersion } from "../store/common.ts";
import type { AdminPorts } from "./ports.ts";

/** The path parameters. The account is never read from the path: the principal has it. */
export type PathParams = Readonly<Record<string, string>>;

/** Handles one operation. Rejects when a port throws; the gateway then responds 503. */
export type Handler = (ports: AdminPorts, request: AuthorizedRequest, params: PathParams) => Promise<Response>;

/** What a change may be authorized on, besides its actor: a row that was read. */
export type Basis = Readonly<Record<"account" | "apiKey" | "operator" | "role" | "endpoint", VersionedRow | null>>;

export interface VersionedRow {
  readonly id: string;
  readonly version: number;
}

const TABLES = {
  ...{ account: "accounts", apiKey: "api_keys", operator: "operators", role: "roles", endpoint: "endpoints" },
} as const;

/**
 * The principal of a request as the actor of a change.
 *
 * @param basis what the handler has read to authorize the change: the key, the operator, the role that is changed or given
 * @param allowLists likewise. The change is made only while each of them, and the principal, still has the version that was read
 */
export function actorOf(
  request: AuthorizedRequest,
  basis: Partial<Basis> = {},
  allowLists: readonly VersionedRow[] = [],
): Actor {
  const { id, name, version, accountId, role } = request.principal;
  const type = isOperator(request.principal) ? "OPERATOR" : "API_KEY";
  const identity = isOperator(request.principal) ? request.principal.mapped : null;
  const mapped = identity && { ...identity, accountId, roleId: role.id };
  const authorizedOn: RowVersion[] = [];
  for (const [kind, table] of Object.entries(TABLES) as [keyof typeof TABLES, RowVersion["table"]][]) {
    const row = basis[kind];
    if (row) authorizedOn.push({ table, id: row.id, version: row.version });
  }
  for (const { id, version } of allowLists) authorizedOn.push({ table: "allow_lists", id, version });
  return { type, id, name, address: request.address, requestId: request.requestId, version, mapped, authorizedOn };
}

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** A path parameter that is an id, in lower case; `null` when it is not a UUID, so that no resource can have it. */
export function uuidParam(params: PathParams, name: string): string | null {
  const value = (params[name] ?? "").toLowerCase();
  return UUID.test(value) ? value : null;
}

/**
 * Records a change: logs it, makes what this isolate has cached of it stale until the change feed has been read, and starts what the
 * response does not wait for.
 *
 * @param changedIds the keys that were changed, or the role; left out: the resource
 */
export function recordChange(
  ports: AdminPorts,
  request: AuthorizedRequest,
  resourceId: string,
  outcome: string,
  changedIds: readonly string[] = [resourceId],
): void {
  ports.keyResolver.invalidate(changedIds, request.background);
  request.background(ports.afterChange({ accountId: request.principal.accountId, keyIds: changedIds }));
  request.log.set({ resource_id: resourceId, outcome });
}
