// Operators: listed, shown, added, changed and removed by whoever may do so to users. Nobody makes anybody who could do more.
import { excessOfOperator, excessOfRole } from "../core/authority.ts";
import type { Fault } from "../core/envelope.ts";
import { readEmail } from "../core/operator.ts";
import { NEVER_EXPIRES_TEXT } from "../core/token.ts";
import type { OperatorDetails, RoleDetails } from "../store/ports.ts";
import {
  answer,
  answerError,
  answerExcess,
  answerInvalid,
  answerList,
  answerNotFound,
  answerNothing,
} from "./answers.ts";
import { STRANGE_TOKEN } from "./api-keys.ts";
import { readBody } from "./body.ts";
import type { AdminCall, AdminPorts } from "./call.ts";
import { ForceQuery } from "./contract.ts";
import { actorOf, changed, idIn, type Params } from "./handler.ts";
import { OperatorChange, type OperatorData, OperatorListQuery, OperatorSpec } from "./operators-contract.ts";
import { limitOf, readQuery } from "./query.ts";
import { grantOf, instantText, viewBareRole } from "./role-view.ts";

const HOUR_MS = 3_600_000;

export async function listOperators(ports: AdminPorts, call: AdminCall): Promise<Response> {
  const query = readQuery(call.query, OperatorListQuery);
  if ("faults" in query) return answerInvalid(call, query.faults);
  const page = await ports.operators.list({
    accountId: call.principal.accountId,
    limit: limitOf(query.value),
    continuationToken: query.value.continuation_token ?? null,
  });
  if ("fault" in page) return answerInvalid(call, [STRANGE_TOKEN]);
  const data = page.items.map((operator) => viewOperator(operator, call.now));
  return answerList(call, data, page.continuationToken, query.known);
}

export async function getOperator(ports: AdminPorts, call: AdminCall, params: Params): Promise<Response> {
  const operator = await find(ports, call, params);
  return operator ? answer({ data: viewOperator(operator, call.now) }) : answerNotFound(call, "Operator");
}

export async function createOperator(ports: AdminPorts, call: AdminCall): Promise<Response> {
  const body = await readBody(call, OperatorSpec);
  if (body instanceof Response) return body;
  const { name, email, subject, issuer, role_id, expire_after_hours } = body.value;
  const whose = subject == null ? null : (issuer ?? ports.operatorIssuer);
  const role = await ports.roles.get(call.principal.accountId, role_id);
  const faults: Fault[] = [];
  if (role === null) faults.push(NO_ROLE);
  if (subject != null && whose === null) {
    faults.push({ field: "issuer", message: "This is required: no issuer is configured." });
  }
  if (role === null || faults.length > 0) return answerInvalid(call, faults);
  const change = changeOf(call, name, role, expire_after_hours ?? 0);
  const excess = excessOfOperator(call.principal, null, { grant: grantOf(role), expiresAt: change.expiresAt });
  if (excess.length > 0) return answerExcess(call, excess);
  const made = await ports.operators.create(
    {
      ...change,
      id: crypto.randomUUID(),
      accountId: call.principal.accountId,
      email: readEmail(email),
      subject: subject ?? null,
      issuer: whose,
    },
    actorOf(call),
    call.now,
  );
  if (made === "identity_taken") return answerError(call, 409, "identity_taken", IDENTITY_TAKEN);
  if (made === "reference_gone") return answerError(call, 409, "reference_gone", ROLE_GONE);
  changed(ports, call, made.id, "created");
  return answer({ data: viewOperator(made, call.now) });
}

export async function updateOperator(ports: AdminPorts, call: AdminCall, params: Params): Promise<Response> {
  const query = readQuery(call.query, ForceQuery);
  const body = await readBody(call, OperatorChange, { faults: "faults" in query ? query.faults : [] });
  if (body instanceof Response) return body;
  const { name, role_id, expire_after_hours } = body.value;
  const { accountId } = call.principal;
  const [before, role] = await Promise.all([find(ports, call, params), ports.roles.get(accountId, role_id)]);
  if (before === null) return answerNotFound(call, "Operator");
  if (role === null) return answerInvalid(call, [NO_ROLE]);
  const change = changeOf(call, name, role, expire_after_hours ?? before.expireAfterHours);
  const after = { grant: grantOf(role), expiresAt: change.expiresAt };
  const excess = excessOfOperator(call.principal, grantOf(before.role), after);
  if (excess.length > 0) return answerExcess(call, excess);
  const force = "value" in query && query.value.force === true;
  const made = await ports.operators.update(accountId, before.id, change, force, actorOf(call), call.now);
  if (made === "not_found") return answerNotFound(call, "Operator");
  if (made === "last_manager") return answerError(call, 409, "last_manager", LAST_MANAGER);
  if (made === "reference_gone") return answerError(call, 409, "reference_gone", ROLE_GONE);
  changed(ports, call, made.id, "changed");
  return answer({ data: viewOperator(made, call.now) });
}

export async function deleteOperator(ports: AdminPorts, call: AdminCall, params: Params): Promise<Response> {
  const query = readQuery(call.query, ForceQuery);
  if ("faults" in query) return answerInvalid(call, query.faults);
  const before = await find(ports, call, params);
  if (before === null) return answerNotFound(call, "Operator");
  const excess = excessOfRole(call.principal, grantOf(before.role), NOTHING);
  if (excess.length > 0) return answerExcess(call, excess);
  const force = query.value.force === true;
  const { accountId } = call.principal;
  const result = await ports.operators.delete(accountId, before.id, force, actorOf(call), call.now);
  if (result === "not_found") return answerNotFound(call, "Operator");
  if (result === "last_manager") return answerError(call, 409, "last_manager", LAST_MANAGER);
  changed(ports, call, before.id, "deleted");
  return answerNothing();
}

const NOTHING = { everything: false, permissions: new Set<never>() };
const NO_ROLE: Fault = { field: "role_id", message: "There is no such role." };
const IDENTITY_TAKEN = "There is an operator with this identity in the account already.";
const ROLE_GONE = "The role was deleted meanwhile.";
const LAST_MANAGER =
  "Without this operator nobody in the account could manage API keys. Add force=true to do it all the same.";

function changeOf(call: AdminCall, name: string, role: RoleDetails, hours: number) {
  const expiresAt = hours === 0 ? null : call.now + hours * HOUR_MS;
  return { name, roleId: role.id, expireAfterHours: hours, expiresAt };
}

async function find(ports: AdminPorts, call: AdminCall, params: Params): Promise<OperatorDetails | null> {
  const id = idIn(params, "operatorId");
  return id === null ? null : ports.operators.get(call.principal.accountId, id);
}

function viewOperator(operator: OperatorDetails, now: number): OperatorData {
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
      expiry_time: expiresAt === null ? NEVER_EXPIRES_TEXT : instantText(expiresAt),
      created_by: operator.createdByName,
      metadata: { created_on: instantText(operator.createdAt), updated_on: instantText(operator.updatedAt) },
      role: viewBareRole(operator.role, operator.accountId, null),
    },
  };
}
