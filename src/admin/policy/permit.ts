// Whether the account's policy permits a change: what it forbids is denied, and what needs a second person waits for one. Called
// last, when nothing else denies the change; the change is then bound to the version of the policy, and an approval to the
// versions of all that the change refers to.
import type { AuthorizedRequest } from "../../authorized-request.ts";
import { type AccountPolicy, reasonsForApproval, violationsOfKey } from "../../core/access/account-policy.ts";
import { isOperator } from "../../core/access/principal.ts";
import { type Grant, managesKeys } from "../../core/access/roles.ts";
import type { StoredPolicy } from "../../store/accounts/port.ts";
import { type ApprovalDetails, approvedRef, type RequestedChange } from "../../store/approvals/port.ts";
import type { Actor } from "../../store/common.ts";
import { toApproval } from "../approvals/view.ts";
import { actorOf, type Basis, recordChange, type VersionedRow } from "../handler.ts";
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
 * The actor of a change that the account's policy permits.
 *
 * @param basis, allowLists as `actorOf` has them
 * @param account left out: it is read
 * @returns the actor; or the response: 403 `policy_violation`, `approval_required` or `approval_rejected`
 */
export async function permittedActor(
  ports: AdminPorts,
  request: AuthorizedRequest,
  judged: Judged,
  basis: Partial<Basis> = {},
  allowLists: readonly VersionedRow[] = [],
  account?: StoredPolicy,
): Promise<Actor | Response> {
  const { principal } = request;
  const stored = account ?? (await ports.policies.get(principal.accountId));
  const errors = violationsOf(request, stored.policy, judged);
  if (errors.length > 0) return policyViolation(request, errors);
  const actor = actorOf(request, { ...basis, account: stored }, allowLists);
  const { grant, force = false, changesPolicy = false } = judged;
  const manages = grant !== undefined && managesKeys(grant);
  const reasons = reasonsForApproval(stored.policy, { managesKeys: manages, force, changesPolicy });
  if (reasons.length === 0) return actor;
  // A key has no person: its holder could ask with it, and approve.
  if (!isOperator(principal) || principal.mapped !== null) return policyViolation(request, [NOT_A_PERSON]);
  return approvedActor(ports, request, actor, reasons);
}

function violationsOf({ principal, now }: AuthorizedRequest, policy: AccountPolicy, judged: Judged) {
  const { grant, expiresAt, ofKey = false } = judged;
  if (!ofKey || grant === undefined) return [];
  const maker = { grant: principal.role.grant, isOperator: isOperator(principal) };
  return violationsOfKey(policy, maker, { grant, ...(expiresAt !== undefined && { expiresAt }) }, now);
}

const NOT_A_PERSON = {
  field: "body",
  message:
    "By the account's policy, operators with an entry do this, two of them: neither API keys nor people by groups.",
};

/** 403: the account's policy does not allow it. */
export function policyViolation(
  request: AuthorizedRequest,
  errors: readonly { readonly field: string; readonly message: string }[],
): Response {
  const detail = errors.map(({ message }) => message).join(" ");
  return operationError(request, 403, "policy_violation", detail, { fieldErrors: errors });
}

async function approvedActor(
  ports: AdminPorts,
  request: AuthorizedRequest,
  actor: Actor,
  reasons: readonly string[],
): Promise<Actor | Response> {
  const { now } = request;
  const change = requestedChange(request, actor, reasons);
  const found = await ports.approvals.find(change, actor, now);
  const approval = found && approvedRef(found);
  if (approval !== null) return { ...actor, approval };
  if (found !== null) return waiting(request, found);
  const asked = await ports.approvals.request(change, actor, now);
  if (asked === "quota_exceeded") return quotaExceeded(request, "requests for approval");
  recordChange(ports, request, asked.id, "approval_requested", []);
  return waiting(request, asked);
}

function requestedChange(
  { body, path, query, operation, principal }: AuthorizedRequest,
  { authorizedOn }: Actor,
  reasons: readonly string[],
): RequestedChange {
  // A body that could not be read was answered before.
  const text = typeof body === "string" ? "" : new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }).decode(body);
  const { operationId, method } = operation;
  // The policy is judged anew; another version of it is no other change.
  const basis = authorizedOn.filter(({ table }) => table !== "accounts");
  return { accountId: principal.accountId, operationId, method, path: path + query, body: text, reasons, basis };
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
