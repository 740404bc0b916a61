// Adding and changing operators. An operator gets no more permissions than the principal has, and does not outlive it.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import { escalationsOfOperator } from "../../core/access/privilege-escalation.ts";
import type { FieldError } from "../../core/error-body.ts";
import { readEmail } from "../../core/token/oidc-token.ts";
import type { OperatorAccess } from "../../store/operators/port.ts";
import type { RoleDetails } from "../../store/roles/port.ts";
import { readBody } from "../body.ts";
import { actorOf, type PathParams, recordChange } from "../handler.ts";
import type { AdminPorts } from "../ports.ts";
import { readForce } from "../query.ts";
import { UNKNOWN_ROLE } from "../references.ts";
import { conflict, escalationDenied, json, notFound, validationError } from "../responses.ts";
import { grantOf } from "../roles/grant.ts";
import { expiryAfter } from "../time.ts";
import { findOperatorByPath, LAST_MANAGING_OPERATOR } from "./handlers.ts";
import { OperatorChange, OperatorSpec } from "./schema.ts";
import { toOperator } from "./view.ts";

/** Adds an operator, identified by an e-mail address or by the subject of an issuer. */
export async function createOperator(ports: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  const body = await readBody(request, OperatorSpec);
  if (body instanceof Response) return body;
  const { name, email, subject, issuer, role_id, expire_after_hours } = body.value;
  const { accountId } = request.principal;
  const subjectIssuer = subject == null ? null : (issuer ?? ports.defaultOperatorIssuer);
  const role = await ports.roles.get(accountId, role_id);
  const issuerErrors = subject != null && subjectIssuer === null ? [NO_ISSUER] : [];
  if (role === null) return validationError(request, [UNKNOWN_ROLE, ...issuerErrors]);
  if (issuerErrors.length > 0) return validationError(request, issuerErrors);
  const values = toValues(request, name, role, expire_after_hours ?? 0);
  const after = { grant: grantOf(role), expiresAt: values.expiresAt };
  const escalations = escalationsOfOperator(request.principal, null, after);
  if (escalations.length > 0) return escalationDenied(request, escalations);
  const identity = { email: readEmail(email), subject: subject ?? null, issuer: subjectIssuer };
  const operator = { ...values, ...identity, id: crypto.randomUUID(), accountId };
  const created = await ports.operators.create(operator, actorOf(request), request.now);
  if (typeof created === "string") return conflict(request, created, CONFLICTS[created]);
  recordChange(ports, request, created.id, "created");
  return json({ data: toOperator(created, request.now) });
}

/** Changes the name, the role and the expiry of an operator. */
export async function updateOperator(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const { force, errors } = readForce(request.query);
  const body = await readBody(request, OperatorChange, { otherErrors: errors });
  if (body instanceof Response) return body;
  const { name, role_id, expire_after_hours } = body.value;
  const { accountId } = request.principal;
  const [operator, role] = await Promise.all([
    findOperatorByPath(ports, request, params),
    ports.roles.get(accountId, role_id),
  ]);
  if (operator === null) return notFound(request, "Operator");
  if (role === null) return validationError(request, [UNKNOWN_ROLE]);
  const values = toValues(request, name, role, expire_after_hours ?? operator.expireAfterHours);
  const after = { grant: grantOf(role), expiresAt: values.expiresAt };
  const escalations = escalationsOfOperator(request.principal, grantOf(operator.role), after);
  if (escalations.length > 0) return escalationDenied(request, escalations);
  const update = { ...values, accountId, id: operator.id, force };
  const updated = await ports.operators.update(update, actorOf(request), request.now);
  if (updated === "not_found") return notFound(request, "Operator");
  if (typeof updated === "string") return conflict(request, updated, CONFLICTS[updated]);
  recordChange(ports, request, updated.id, "changed");
  return json({ data: toOperator(updated, request.now) });
}

const NO_ISSUER: FieldError = { field: "issuer", message: "This is required: no issuer is configured." };

const CONFLICTS = {
  identity_taken: "There is an operator with this identity in the account already.",
  reference_gone: "The role was deleted in the meantime.",
  last_manager: LAST_MANAGING_OPERATOR,
} as const;

/** The values that can change. The expiry counts from the time of the request. */
function toValues(request: AuthorizedRequest, name: string, role: RoleDetails, hours: number): OperatorAccess {
  return { name, roleId: role.id, expireAfterHours: hours, expiresAt: expiryAfter(hours, request.now) };
}
