// Revoking many API keys: a first request counts them, a second one that names this count revokes them.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import { escalationsOfRevocation } from "../../core/access/privilege-escalation.ts";
import type { RevocableKey } from "../../store/api-keys/port.ts";
import { readBody } from "../body.ts";
import { recordChange } from "../handler.ts";
import { permittedActor } from "../policy/permit.ts";
import type { AdminPorts } from "../ports.ts";
import { conflict, json, operationError, revocationDenied } from "../responses.ts";
import { grantOf } from "../roles/grant.ts";
import { toIsoString, toTimeBound } from "../time.ts";
import { BulkRevokeBody } from "./schema.ts";
import { toEffective } from "./view.ts";

const MAX_KEYS = 5_000;
/** Keys in one transaction; the response says how many remain. */
const BATCH_SIZE = 500;
const SAMPLE_SIZE = 10;

/** Revokes the keys of a filter, but never the one that asks; without `confirm_count` it only counts them. */
export async function bulkRevokeApiKeys(ports: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  const body = readBody(request, BulkRevokeBody);
  if (body instanceof Response) return body;
  const { filter, confirm_count, force } = body.value;
  const { principal, now } = request;
  const account = await ports.policies.get(principal.accountId);
  const keys = await ports.apiKeys.revocable(
    {
      accountId: principal.accountId,
      exceptId: principal.id,
      name: filter.api_key_name ?? null,
      roleId: filter.role_id ?? null,
      createdById: filter.created_by_id ?? null,
      signingKeyId: filter.signing_key_id ?? null,
      descendantsOfId: filter.descendants_of_id ?? null,
      notUsedSince: toTimeBound(filter.not_used_since),
      noncompliantWith: filter.noncompliant === true ? account.policy : null,
    },
    now,
  );
  if (keys.length > MAX_KEYS) return conflict(request, "too_many_keys", TOO_MANY_KEYS);
  const escalations = keys.flatMap((key) => escalationsOf(request, key));
  if (escalations.length > 0) return revocationDenied(request, escalations.slice(0, SAMPLE_SIZE));
  const effective = toEffective(ports.revocationBounds);
  const counted = { count: keys.length, sample: keys.slice(0, SAMPLE_SIZE).map(toSample) };
  if (confirm_count === undefined) {
    return json({ data: { ...counted, revoked: 0, remaining: keys.length }, effective });
  }
  if (confirm_count !== keys.length) {
    return operationError(request, 409, "count_changed", COUNT_CHANGED, { members: { data: counted } });
  }
  const batch = keys.slice(0, BATCH_SIZE);
  if (batch.length > 0) {
    const actor = await permittedActor(ports, request, { force: force === true }, {}, [], account);
    if (actor instanceof Response) return actor;
    const revocation = { accountId: principal.accountId, keys: batch, filter, force: force === true };
    const outcome = await ports.apiKeys.bulkRevoke(revocation, actor, now);
    if (outcome !== "revoked") return conflict(request, outcome, CONFLICTS[outcome]);
    recordChange(ports, request, principal.accountId, "bulk_revoked");
  }
  return json({ data: { ...counted, revoked: batch.length, remaining: keys.length - batch.length }, effective });
}

function escalationsOf({ principal }: AuthorizedRequest, key: RevocableKey) {
  return escalationsOfRevocation(principal, key.id, grantOf(key.role)).map(({ message }) => ({
    field: "filter",
    message: `${key.name}: ${message}`,
  }));
}

function toSample({ id, name, createdAt, role }: RevocableKey) {
  return { id, name, created_on: toIsoString(createdAt), role_id: role.id };
}

const TOO_MANY_KEYS = `More than ${MAX_KEYS} API keys match. Narrow the filter.`;
const COUNT_CHANGED = "Another number of API keys matches by now: it is in `data`. Nothing was revoked.";
const CONFLICTS = {
  keys_changed: "An API key of the filter was changed in the meantime. Nothing was revoked; count again.",
  last_manager:
    "Without these API keys, nobody in the account could manage API keys. Pass force=true to proceed anyway.",
} as const;
