// The operations on approvals: a second person sees what is asked for, and approves or rejects it.
import type { AuthorizedRequest } from "../../authorized-request.ts";
import { isOperator } from "../../core/access/principal.ts";
import { hasPermission, managesKeys } from "../../core/access/roles.ts";
import {
  DEFAULT_MANAGEMENT_PREFIX,
  type GatehouseOperation,
  gatehouseOperations,
} from "../../core/routing/gatehouse-operations.ts";
import type { ApprovalDetails } from "../../store/approvals/port.ts";
import { actorOf, type PathParams, recordChange, uuidParam } from "../handler.ts";
import type { AdminPorts } from "../ports.ts";
import { limitOf, readQuery } from "../query.ts";
import { conflict, escalationDenied, json, notFound, pageResponse, validationError } from "../responses.ts";
import { ApprovalListQuery } from "./schema.ts";
import { toApproval } from "./view.ts";

/** Lists the approvals of the account, the newest first. */
export async function listApprovals(ports: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  const query = readQuery(request.query, ApprovalListQuery);
  if ("errors" in query) return validationError(request, query.errors);
  const { pending, continuation_token } = query.value;
  const page = await ports.approvals.list(
    {
      accountId: request.principal.accountId,
      open: pending === true,
      limit: limitOf(query.value),
      continuationToken: continuation_token ?? null,
    },
    request.now,
  );
  return pageResponse(request, page, query.known, (approval) => toApproval(approval, request.now));
}

/** Shows an approval. */
export async function getApproval(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const approval = await findApprovalByPath(ports, request, params);
  return approval === null ? notFound(request, "Approval") : json({ data: toApproval(approval, request.now) });
}

const OWN: readonly GatehouseOperation[] = gatehouseOperations(DEFAULT_MANAGEMENT_PREFIX);

/** Approves a change: a person who could make it, has an entry, and is not the one who asks for it. */
export async function approveChange(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const approval = await findApprovalByPath(ports, request, params);
  if (approval === null) return notFound(request, "Approval");
  const { principal } = request;
  // One person could be two: by an entry, and by groups.
  if (!isOperator(principal) || principal.mapped !== null) return escalationDenied(request, [NOT_A_PERSON]);
  const { grant } = principal.role;
  const permission = OWN.find(({ operationId }) => operationId === approval.operationId)?.permission ?? null;
  const mayMakeIt = permission !== null && hasPermission(grant, permission);
  if (!mayMakeIt || !managesKeys(grant)) return escalationDenied(request, [CANNOT_MAKE_IT]);
  return decide(ports, request, approval, "approved");
}

/** Rejects a change: its requester may withdraw it, too. */
export async function rejectChange(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const approval = await findApprovalByPath(ports, request, params);
  if (approval === null) return notFound(request, "Approval");
  const { principal } = request;
  if (!isOperator(principal) || principal.mapped !== null) return escalationDenied(request, [NOT_A_PERSON]);
  return decide(ports, request, approval, "rejected");
}

async function decide(
  ports: AdminPorts,
  request: AuthorizedRequest,
  approval: ApprovalDetails,
  decision: "approved" | "rejected",
): Promise<Response> {
  const decided = await ports.approvals.decide(approval, decision, actorOf(request), request.now);
  if (typeof decided === "string") return conflict(request, decided, CONFLICTS[decided]);
  recordChange(ports, request, approval.id, decision, []);
  return json({ data: toApproval(decided, request.now) });
}

async function findApprovalByPath(ports: AdminPorts, request: AuthorizedRequest, params: PathParams) {
  const id = uuidParam(params, "approvalId");
  return id === null ? null : ports.approvals.get(request.principal.accountId, id);
}

const NOT_A_PERSON = {
  field: "body",
  message: "Only an operator with an entry decides: neither an API key nor somebody by groups.",
};
const CANNOT_MAKE_IT = {
  field: "body",
  message: "Who approves this must have the permission for it, and those to create and revoke API keys.",
};

const CONFLICTS = {
  not_open: "This has been decided already, or has expired.",
  not_second: "You have asked for this: another person must approve it.",
} as const;
