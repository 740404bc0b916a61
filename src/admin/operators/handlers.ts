// Operators: listed, shown, added, changed and removed by whoever may do so to users. Nobody makes anybody who could do more.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import { escalationsOfOperator, escalationsOfRole } from "../../core/access/privilege-escalation.ts";
import type { FieldError } from "../../core/error-body.ts";
import { NEVER_EXPIRES_TEXT } from "../../core/token/api-key-token.ts";
import { readEmail } from "../../core/token/oidc-token.ts";
import type { OperatorDetails } from "../../store/operators/port.ts";
import type { RoleDetails } from "../../store/roles/port.ts";
import { INVALID_CONTINUATION_TOKEN } from "../api-keys/handlers.ts";
import { readBody } from "../body.ts";
import { actorOf, type PathParams, recordChange, uuidParam } from "../handler.ts";
import type { AdminPorts } from "../ports.ts";
import { limitOf, readQuery } from "../query.ts";
import {
  escalationDenied,
  json,
  listResponse,
  noContent,
  notFound,
  operationError,
  validationError,
} from "../responses.ts";
import { grantOf, toBareRole, toIsoString } from "../roles/view.ts";
import { ForceQuery } from "../schema.ts";
import { OperatorChange, type OperatorData, OperatorListQuery, OperatorSpec } from "./schema.ts";

const HOUR_MS = 3_600_000;

export async function listOperators(ports: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  const query = readQuery(request.query, OperatorListQuery);
  if ("faults" in query) return validationError(request, query.faults);
  const page = await ports.operators.list({
    accountId: request.principal.accountId,
    limit: limitOf(query.value),
    continuationToken: query.value.continuation_token ?? null,
  });
  if ("error" in page) return validationError(request, [INVALID_CONTINUATION_TOKEN]);
  const data = page.items.map((operator) => toOperator(operator, request.now));
  return listResponse(request, data, page.continuationToken, query.known);
}

export async function getOperator(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const operator = await find(ports, request, params);
  return operator ? json({ data: toOperator(operator, request.now) }) : notFound(request, "Operator");
}

export async function createOperator(ports: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  const body = await readBody(request, OperatorSpec);
  if (body instanceof Response) return body;
  const { name, email, subject, issuer, role_id, expire_after_hours } = body.value;
  const whose = subject == null ? null : (issuer ?? ports.operatorIssuer);
  const role = await ports.roles.get(request.principal.accountId, role_id);
  const errors: FieldError[] = [];
  if (role === null) errors.push(NO_ROLE);
  if (subject != null && whose === null) {
    errors.push({ field: "issuer", message: "This is required: no issuer is configured." });
  }
  if (role === null || errors.length > 0) return validationError(request, errors);
  const change = changeOf(request, name, role, expire_after_hours ?? 0);
  const excess = escalationsOfOperator(request.principal, null, { grant: grantOf(role), expiresAt: change.expiresAt });
  if (excess.length > 0) return escalationDenied(request, excess);
  const made = await ports.operators.create(
    {
      ...change,
      id: crypto.randomUUID(),
      accountId: request.principal.accountId,
      email: readEmail(email),
      subject: subject ?? null,
      issuer: whose,
    },
    actorOf(request),
    request.now,
  );
  if (made === "identity_taken") return operationError(request, 409, "identity_taken", IDENTITY_TAKEN);
  if (made === "reference_gone") return operationError(request, 409, "reference_gone", ROLE_GONE);
  recordChange(ports, request, made.id, "created");
  return json({ data: toOperator(made, request.now) });
}

export async function updateOperator(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const query = readQuery(request.query, ForceQuery);
  const body = await readBody(request, OperatorChange, { faults: "faults" in query ? query.faults : [] });
  if (body instanceof Response) return body;
  const { name, role_id, expire_after_hours } = body.value;
  const { accountId } = request.principal;
  const [before, role] = await Promise.all([find(ports, request, params), ports.roles.get(accountId, role_id)]);
  if (before === null) return notFound(request, "Operator");
  if (role === null) return validationError(request, [NO_ROLE]);
  const change = changeOf(request, name, role, expire_after_hours ?? before.expireAfterHours);
  const after = { grant: grantOf(role), expiresAt: change.expiresAt };
  const excess = escalationsOfOperator(request.principal, grantOf(before.role), after);
  if (excess.length > 0) return escalationDenied(request, excess);
  const force = "value" in query && query.value.force === true;
  const update = { ...change, accountId, id: before.id, force };
  const made = await ports.operators.update(update, actorOf(request), request.now);
  if (made === "not_found") return notFound(request, "Operator");
  if (made === "last_manager") return operationError(request, 409, "last_manager", LAST_MANAGER);
  if (made === "reference_gone") return operationError(request, 409, "reference_gone", ROLE_GONE);
  recordChange(ports, request, made.id, "changed");
  return json({ data: toOperator(made, request.now) });
}

export async function deleteOperator(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const query = readQuery(request.query, ForceQuery);
  if ("faults" in query) return validationError(request, query.faults);
  const before = await find(ports, request, params);
  if (before === null) return notFound(request, "Operator");
  const excess = escalationsOfRole(request.principal, grantOf(before.role), NOTHING);
  if (excess.length > 0) return escalationDenied(request, excess);
  const force = query.value.force === true;
  const { accountId } = request.principal;
  const result = await ports.operators.delete(accountId, before.id, force, actorOf(request), request.now);
  if (result === "not_found") return notFound(request, "Operator");
  if (result === "last_manager") return operationError(request, 409, "last_manager", LAST_MANAGER);
  recordChange(ports, request, before.id, "deleted");
  return noContent();
}

const NOTHING = { everything: false, permissions: new Set<never>() };
const NO_ROLE: FieldError = { field: "role_id", message: "There is no such role." };
const IDENTITY_TAKEN = "There is an operator with this identity in the account already.";
const ROLE_GONE = "The role was deleted meanwhile.";
const LAST_MANAGER =
  "Without this operator nobody in the account could manage API keys. Add force=true to do it all the same.";

function changeOf(request: AuthorizedRequest, name: string, role: RoleDetails, hours: number) {
  const expiresAt = hours === 0 ? null : request.now + hours * HOUR_MS;
  return { name, roleId: role.id, expireAfterHours: hours, expiresAt };
}

async function find(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<OperatorDetails | null> {
  const id = uuidParam(params, "operatorId");
  return id === null ? null : ports.operators.get(request.principal.accountId, id);
}

function toOperator(operator: OperatorDetails, now: number): OperatorData {
  const { expiresAt } = operator;
  return {
    spec: {
      name: operator.name,
      email: operator.email,
      subject: operator.subject,
      issuer: operator.issuer,
      role_id: operator.role.id,
      expire_after_hours: operator.expireAfterHours,
    },
    info: {
      id: operator.id,
      account_id: operator.accountId,
      status: expiresAt !== null && now >= expiresAt ? "EXPIRED" : "ACTIVE",
      expiry_time: expiresAt === null ? NEVER_EXPIRES_TEXT : toIsoString(expiresAt),
      created_by: operator.createdByName,
      metadata: { created_on: toIsoString(operator.createdAt), updated_on: toIsoString(operator.updatedAt) },
      role: toBareRole(operator.role, operator.accountId, null),
    },
  };
}
