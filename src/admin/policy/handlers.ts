// The operations on the policy of an account.
import type { AuthorizedRequest } from "../../authorized-request.ts";
import { fromWirePolicy, toWirePolicy } from "../../core/access/account-policy.ts";
import type { StoredPolicy } from "../../store/accounts/port.ts";
import { readBody } from "../body.ts";
import { recordChange } from "../handler.ts";
import type { AdminPorts } from "../ports.ts";
import { etagOf, matchesIfMatch, preconditionFailed } from "../preconditions.ts";
import { conflict, json } from "../responses.ts";
import { permittedActor } from "./permit.ts";
import { type PolicyData, PolicySpec } from "./schema.ts";

/** Shows the policy of the account. */
export async function getAccountPolicy(ports: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  const account = await ports.policies.get(request.principal.accountId);
  return policyResponse(account);
}

/** Replaces the policy. Keys that exist stay as they are. */
export async function putAccountPolicy(ports: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  const body = readBody(request, PolicySpec);
  if (body instanceof Response) return body;
  const account = await ports.policies.get(request.principal.accountId);
  if (!matchesIfMatch(request, etagOf(account))) return preconditionFailed(request);
  const actor = await permittedActor(ports, request, { changesPolicy: true }, {}, [], account);
  if (actor instanceof Response) return actor;
  const policy = fromWirePolicy(body.value);
  const updated = await ports.policies.update(account, policy, actor, request.now);
  if (typeof updated === "string") return conflict(request, updated, SECOND_PERSON_MISSING);
  recordChange(ports, request, account.id, "changed", []);
  return policyResponse(updated);
}

function policyResponse({ id, policy, version }: StoredPolicy): Response {
  const etag = etagOf({ version });
  const data: PolicyData = { spec: toWirePolicy(policy), info: { account_id: id, etag } };
  return json({ data }, etag);
}

const SECOND_PERSON_MISSING =
  "With second_person, one person approves what another asks for: the account needs two active operators who can manage API keys.";
