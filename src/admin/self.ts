// Who calls: the one thing that whoever signs in through a proxy, and so holds no credential to read, has to be told.
import { isOperator } from "../core/key.ts";
import { answer } from "./answers.ts";
import type { AdminCall, AdminPorts } from "./call.ts";
import type { SelfData } from "./contract.ts";

export async function getSelf(_ports: AdminPorts, call: AdminCall): Promise<Response> {
  const { principal } = call;
  const data: SelfData = {
    type: isOperator(principal) ? "OPERATOR" : "API_KEY",
    id: principal.id,
    name: principal.name,
    account_id: principal.accountId,
    role: { id: principal.role.id, name: principal.role.name },
    permissions: [...principal.role.grant.permissions],
  };
  return answer({ data });
}
