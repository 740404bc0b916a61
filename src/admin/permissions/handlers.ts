// The operation that lists the permission catalog.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import type { AdminPorts } from "../ports.ts";
import { listResponse } from "../responses.ts";
import { toPermissionCatalog } from "./view.ts";

/** Lists all permissions that a role can have, in one page. */
export async function listResourcePermissions(_ports: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  return listResponse(request, toPermissionCatalog(), null, new URLSearchParams());
}
