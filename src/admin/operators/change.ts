// Adding and changing operators. An operator gets no more permissions than the principal has, and does not outlive it.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import { escalationsOfOperator } from "../../core/access/privilege-escalation.ts";
import type { FieldError } from "../../core/error-body.ts";
import { readEmail } from "../../core/token/oidc-token.ts";
import type { OperatorAccess } from "../../store/operators/port.ts";
import { readBody } from "../body.ts";
import { type PathParams, recordChange } from "../handler.ts";
import { permittedActor } from "../policy/permit.ts";
import type { AdminPorts } from "../ports.ts";
import { etagOf, matchesIfMatch, preconditionFailed } from "../preconditions.ts";
import { readForce } from "../query.ts";
import { UNKNOWN_ROLE } from "../references.ts";
import { conflict, escalationDenied, json, notFound, quotaExceeded, validationError } from "../responses.ts";
import { grantOf } from "../roles/grant.ts";
import { expiryAfter } from "../time.ts";
import { findOperatorByPath, LAST_MANAGING_OPERATOR } from "./handlers.ts";
import { OperatorChange, OperatorSpec } from "./schema.ts";
import { toOperator } from "./view.ts";

/** Adds an operator, identified by an e-mail address or by the subject of an issuer. */
export async function createOperator(ports: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  const body = readBody(request, OperatorSpec);
  if (body instanceof Response) return body;
  const { name, email, subject, issuer, role_id, expire_after_hours } = body.value;
  const { accountId } = request.principal;
  const subjectIssuer = subject == null ? null : (issuer ?? ports.defaultOperatorIssuer);
  const role = await ports.roles.get(accountId, role_id);
  const issuerErrors = subject != null && subjectIssuer === null ? [NO_ISSUER] : [];
  if (role === null) return validationError(request, [UNKNOWN_ROLE, ...issuerErrors]);
  if (issuerErrors.length > 0) return validationError(request, issuerErrors);
  const values = { name, roleId: role.id, ...expiryOf(request, expire_after_hours ?? 0) };
  const after = { grant: grantOf(role), expiresAt: values.expiresAt };
  const escalations = escalationsOfOperator(request.principal, null, after);
  if (escalations.length > 0) return escalationDenied(request, escalations);
  const identity = { email: readEmail(email), subject: subject ?? null, issuer: subjectIssuer };
  const operator = { ...values, ...identity, id: crypto.randomUUID(), accountId };
  const actor = await permittedActor(ports, request, { grant: after.grant }, { role });
  if (actor instanceof Response) return actor;
  const created = await ports.operators.create(operator, actor, request.now);
  if (created === "quota_exceeded") return quotaExceeded(request, "operators");
  if (typeof created === "string") return conflict(request, created, CONFLICTS[created]);
  recordChange(ports, request, created.id, "created");
  const data = toOperator(created, request.now);
  return json({ data, warnings: warningsOf(ports.operatorIssuers, subjectIssuer) }, etagOf(created));
}

/** Why the operator cannot authenticate as configured. An e-mail address is accepted of every issuer. */
function warningsOf(trusted: ReadonlySet<string>, issuer: string | null): readonly FieldError[] {
  if (issuer === null && trusted.size === 0) return [NOBODY_VOUCHES];
  return issuer === null || trusted.has(issuer) ? [] : [OTHER_ISSUER];
}

const CANNOT_AUTHENTICATE = "the operator cannot authenticate, and does not count as one who can manage API keys.";
const NOBODY_VOUCHES: FieldError = {
  field: "email",
  message: `No issuer is configured (OIDC_ISSUER or ACCESS_TEAM_DOMAIN): ${CANNOT_AUTHENTICATE}`,
};
const OTHER_ISSUER: FieldError = {
  field: "issuer",
  message: `This issuer is not configured (OIDC_ISSUER or ACCESS_TEAM_DOMAIN): ${CANNOT_AUTHENTICATE}`,
};

/** Changes the name, the role and the expiry of an operator. What the body leaves out stays as it is. */
export async function updateOperator(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const { force, errors } = readForce(request.query);
  const body = readBody(request, OperatorChange, { otherErrors: errors });
  if (body instanceof Response) return body;
  const { name, role_id, expire_after_hours } = body.value;
  const { accountId } = request.principal;
  const operator = await findOperatorByPath(ports, request, params);
  if (operator === null) return notFound(request, "Operator");
  const role = role_id === undefined ? operator.role : await ports.roles.get(accountId, role_id);
  if (role === null) return validationError(request, [UNKNOWN_ROLE]);
  const { expireAfterHours, expiresAt } = operator;
  // An expiry counts from the request that names it: one that is left out is not moved.
  const expiry =
    expire_after_hours === undefined ? { expireAfterHours, expiresAt } : expiryOf(request, expire_after_hours);
  const values = { name: name ?? operator.name, roleId: role.id, ...expiry };
  const after = { grant: grantOf(role), expiresAt: values.expiresAt };
  const escalations = escalationsOfOperator(request.principal, grantOf(operator.role), after);
  if (escalations.length > 0) return escalationDenied(request, escalations);
  if (!matchesIfMatch(request, etagOf(operator))) return preconditionFailed(request);
  const isRenamed = role_id === undefined && expire_after_hours === undefined;
  const judged = { force, ...(isRenamed ? {} : { grant: after.grant }) };
  const actor = await permittedActor(ports, request, judged, { operator, role });
  if (actor instanceof Response) return actor;
  const update = { ...values, accountId, id: operator.id, force };
  const updated = await ports.operators.update(update, actor, request.now);
  if (updated === "not_found") return notFound(request, "Operator");
  if (typeof updated === "string") return conflict(request, updated, CONFLICTS[updated]);
  recordChange(ports, request, updated.id, "changed");
  return json({ data: toOperator(updated, request.now) }, etagOf(updated));
}

const NO_ISSUER: FieldError = { field: "issuer", message: "This is required: no issuer is configured." };

const CONFLICTS = {
  identity_taken: "There is an operator with this identity in the account already.",
  reference_gone: "The role does not exist any more.",
  last_manager: LAST_MANAGING_OPERATOR,
} as const;

/** The expiry, which counts from the time of the request. */
function expiryOf(request: AuthorizedRequest, hours: number): Pick<OperatorAccess, "expireAfterHours" | "expiresAt"> {
  return { expireAfterHours: hours, expiresAt: expiryAfter(hours, request.now) };
}
