// Who calls: the one thing that whoever signs in through a proxy, and so holds no credential to read, has to be told.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import { isOperator } from "../../core/access/principal.ts";
import type { AdminPorts } from "../ports.ts";
import { json } from "../responses.ts";
import type { SelfData } from "../schema.ts";

export async function getSelf(_ports: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  const { principal } = request;
  const data: SelfData = {
    type: isOperator(principal) ? "OPERATOR" : "API_KEY",
    id: principal.id,
    name: principal.name,
    account_id: principal.accountId,
    role: { id: principal.role.id, name: principal.role.name },
    permissions: [...principal.role.grant.permissions],
  };
  return json({ data });
}
