// The permission catalogue: what a role can be given. It is not long, so it is one page.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import type { AdminPorts } from "../ports.ts";
import { listResponse } from "../responses.ts";
import { toPermissionCatalog } from "./view.ts";

export async function listResourcePermissions(_ports: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  return listResponse(request, toPermissionCatalog(), null, new URLSearchParams());
}
