// Whether the account's policy permits a change: what it forbids is denied, and what needs a second person waits for one. Called
// last, when nothing else denies the change; the change is then bound to the version of the policy.
import type { AuthorizedRequest } from "../../authorized-request.ts";
import { reasonsForApproval, violationsOfKey } from "../../core/access/account-policy.ts";
import { isOperator } from "../../core/access/principal.ts";
import { type Grant, managesKeys } from "../../core/access/roles.ts";
import type { StoredPolicy } from "../../store/accounts/port.ts";
import { type ApprovalDetails, approvedRef, type RequestedChange } from "../../store/approvals/port.ts";
import { toApproval } from "../approvals/view.ts";
import { actorOf, type Permit, recordChange } from "../handler.ts";
import type { AdminPorts } from "../ports.ts";
import { operationError, quotaExceeded } from "../responses.ts";

/** What the policy judges of a change; what is left out, the change does not do. */
export interface Judged {
  /** What a key, an operator or a role may do afterwards. */
  readonly grant?: Grant;
  /** The end of a key whose life the change sets, in milliseconds since the epoch; `null`: never. */
  readonly expiresAt?: number | null;
  /** Whether the grant is that of a key. */
  readonly ofKey?: boolean;
  readonly force?: boolean;
  readonly changesPolicy?: boolean;
}

/**
 * Judges a change by the account's policy.
 *
 * @param account left out: it is read
 * @returns the permit; or the response: 403 `policy_violation`, `approval_required` or `approval_rejected`
 */
export async function permitByPolicy(
  ports: AdminPorts,
  request: AuthorizedRequest,
  { grant, expiresAt, ofKey = false, force = false, changesPolicy = false }: Judged,
  account?: StoredPolicy,
): Promise<Permit | Response> {
  const { principal, now } = request;
  const stored = account ?? (await ports.policies.get(principal.accountId));
  const maker = { grant: principal.role.grant, isOperator: isOperator(principal) };
  if (ofKey && grant !== undefined) {
    // A key whose life stays as it is is judged by its role alone.
    const policy =
      expiresAt === undefined
        ? { ...stored.policy, maxLifetimeHours: null, neverExpiringByAdminsOnly: false }
        : stored.policy;
    const errors = violationsOfKey(policy, maker, { grant, expiresAt: expiresAt ?? null }, now);
    if (errors.length > 0) return policyViolation(request, errors);
  }
  const manages = grant !== undefined && managesKeys(grant);
  const reasons = reasonsForApproval(stored.policy, { managesKeys: manages, force, changesPolicy });
  if (reasons.length === 0) return { account: stored, approval: undefined };
  return findOrRequest(ports, request, stored, reasons);
}

/** 403: the account's policy does not allow it. */
export function policyViolation(
  request: AuthorizedRequest,
  errors: readonly { readonly field: string; readonly message: string }[],
): Response {
  const detail = errors.map(({ message }) => message).join(" ");
  return operationError(request, 403, "policy_violation", detail, { fieldErrors: errors });
}

async function findOrRequest(
  ports: AdminPorts,
  request: AuthorizedRequest,
  account: StoredPolicy,
  reasons: readonly string[],
): Promise<Permit | Response> {
  const { principal, now } = request;
  const change = requestedChange(request, reasons);
  const found = await ports.approvals.find(change, principal.id, now);
  const approval = found && approvedRef(found);
  if (approval !== null) return { account, approval };
  if (found !== null) return waiting(request, found);
  const asked = await ports.approvals.request(
    change,
    actorOf(request, { permit: { account, approval: undefined } }),
    now,
  );
  if (asked === "quota_exceeded") return quotaExceeded(request, "requests for approval");
  recordChange(ports, request, asked.id, "approval_requested", []);
  return waiting(request, asked);
}

function requestedChange(request: AuthorizedRequest, reasons: readonly string[]): RequestedChange {
  const { body, path, query, operation, principal } = request;
  // A body that could not be read was answered before.
  const text = typeof body === "string" ? "" : new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }).decode(body);
  const { operationId, method } = operation;
  return { accountId: principal.accountId, operationId, method, path: path + query, body: text, reasons };
}

function waiting(request: AuthorizedRequest, approval: ApprovalDetails): Response {
  const code = approval.decision === "rejected" ? "approval_rejected" : "approval_required";
  const members = { approval: toApproval(approval, request.now) };
  return operationError(request, 403, code, DETAILS[code], { members });
}

const DETAILS = {
  approval_required:
    "By the account's policy, a second person has to approve this. Send the same request again once it is approved.",
  approval_rejected: "A second person has rejected this. It can be asked for again when `approval` has expired.",
} as const;
