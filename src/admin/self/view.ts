// The principal of a request as the wire has it.
import { isOperator, type Principal } from "../../core/access/principal.ts";
import type { SelfData } from "./schema.ts";

/** An API key or an operator, with its effective permissions. */
export function toSelf(principal: Principal): SelfData {
  return {
    type: isOperator(principal) ? "OPERATOR" : "API_KEY",
    id: principal.id,
    name: principal.name,
    account_id: principal.accountId,
    accounts: isOperator(principal) ? principal.accounts.map(({ id, name }) => ({ id, name })) : [],
    role: { id: principal.role.id, name: principal.role.name },
    permissions: [...principal.role.grant.permissions],
  };
}
