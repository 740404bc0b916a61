// The operations that list, show and remove operators. Adding and changing one have a file of their own.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import { escalationsOfRole } from "../../core/access/privilege-escalation.ts";
import { compileGrant } from "../../core/access/roles.ts";
import type { OperatorDetails } from "../../store/operators/port.ts";
import { type PathParams, recordChange, uuidParam } from "../handler.ts";
import { permittedActor } from "../policy/permit.ts";
import type { AdminPorts } from "../ports.ts";
import { etagOf, matchesIfMatch, preconditionFailed } from "../preconditions.ts";
import { limitOf, readForce, readQuery } from "../query.ts";
import { conflict, json, noContent, notFound, pageResponse, revocationDenied, validationError } from "../responses.ts";
import { grantOf } from "../roles/grant.ts";
import { OperatorListQuery } from "./schema.ts";
import { toOperator } from "./view.ts";

/** A detail for `last_manager`. */
export const LAST_MANAGING_OPERATOR =
  "Without this operator, nobody in the account could manage API keys. Pass force=true to proceed anyway.";

/** Lists the operators of the account. */
export async function listOperators(ports: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  const query = readQuery(request.query, OperatorListQuery);
  if ("errors" in query) return validationError(request, query.errors);
  const page = await ports.operators.list({
    accountId: request.principal.accountId,
    limit: limitOf(query.value),
    continuationToken: query.value.continuation_token ?? null,
  });
  return pageResponse(request, page, query.known, (operator) => toOperator(operator, request.now));
}

/** Shows an operator. */
export async function getOperator(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const operator = await findOperatorByPath(ports, request, params);
  if (operator === null) return notFound(request, "Operator");
  return json({ data: toOperator(operator, request.now) }, etagOf(operator));
}

/** Removes an operator with no more permissions than the principal has. */
export async function deleteOperator(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const { force, errors } = readForce(request.query);
  if (errors.length > 0) return validationError(request, errors);
  const operator = await findOperatorByPath(ports, request, params);
  if (operator === null) return notFound(request, "Operator");
  const escalations = escalationsOfRole(request.principal, grantOf(operator.role), compileGrant([]));
  if (escalations.length > 0) return revocationDenied(request, escalations);
  if (!matchesIfMatch(request, etagOf(operator))) return preconditionFailed(request);
  const { accountId } = request.principal;
  const actor = await permittedActor(ports, request, { force }, { operator });
  if (actor instanceof Response) return actor;
  const result = await ports.operators.delete(accountId, operator.id, force, actor, request.now);
  if (result === "not_found") return notFound(request, "Operator");
  if (result === "last_manager") return conflict(request, "last_manager", LAST_MANAGING_OPERATOR);
  recordChange(ports, request, operator.id, "deleted");
  return noContent();
}

/** The operator that the path names; `null`: the account has no such operator. */
export async function findOperatorByPath(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<OperatorDetails | null> {
  const id = uuidParam(params, "operatorId");
  return id === null ? null : ports.operators.get(request.principal.accountId, id);
}
