// The operations on the dry run of a key. A dry run grants nothing, but it can become the key's own access. So the terms are
// compared with the access of the principal when the dry run is started, and again when it is promoted.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import { escalationsOfRevocation } from "../../core/access/privilege-escalation.ts";
import type { DryRunDetails, DryRunFailure } from "../../store/dry-runs/port.ts";
import { findApiKeyByPath } from "../api-keys/handlers.ts";
import { toApiKey, toEffective } from "../api-keys/view.ts";
import { readBody } from "../body.ts";
import { actorOf, type PathParams, recordChange, uuidParam } from "../handler.ts";
import { permittedActor } from "../policy/permit.ts";
import type { AdminPorts } from "../ports.ts";
import { etagOf, matchesIfMatch, matchesIfNoneMatch, preconditionFailed } from "../preconditions.ts";
import { readForce } from "../query.ts";
import { REFERENCE_GONE } from "../references.ts";
import {
  conflict,
  escalationDenied,
  json,
  noContent,
  notFound,
  revocationDenied,
  validationError,
} from "../responses.ts";
import { grantOf } from "../roles/grant.ts";
import { TrialSpec } from "./schema.ts";
import { escalationsOfTerms, resolveTerms, warningsOfTerms } from "./terms.ts";
import { toDryRun } from "./view.ts";

/** Shows the dry run of a key with what it would have denied. */
export async function getApiKeyTrial(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const id = uuidParam(params, "apiKeyId");
  await ports.dryRunRecorder.flush(request.now);
  const dryRun = id && (await ports.dryRuns.get(request.principal.accountId, id));
  return dryRun ? json({ data: toDryRun(id, dryRun) }, tagOf(dryRun)) : notFound(request, "Dry run");
}

/** Starts a dry run in place of the current one. */
export async function putApiKeyTrial(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const body = readBody(request, TrialSpec);
  if (body instanceof Response) return body;
  const key = await findApiKeyByPath(ports, request, params);
  if (key === null) return notFound(request, "API key");
  const terms = { roleId: body.value.role_id ?? null, allowListIds: body.value.allow_list_info ?? null };
  const resolved = await resolveTerms(ports, request, terms);
  if ("errors" in resolved) return validationError(request, resolved.errors);
  const escalations = await escalationsOfTerms(ports, request, key, resolved);
  if (escalations.length > 0) return escalationDenied(request, escalations);
  if (key.canary) return conflict(request, "key_canary", CONFLICTS.key_canary);
  const { accountId } = request.principal;
  const current = tagOf(await ports.dryRuns.get(accountId, key.id));
  if (!matchesIfMatch(request, current) || !matchesIfNoneMatch(request, current)) return preconditionFailed(request);
  const distinct = { ...terms, allowListIds: resolved.allowLists?.map((list) => list.id) ?? null };
  const actor = actorOf(request, { apiKey: key, role: resolved.role }, resolved.allowLists ?? []);
  const outcome = await ports.dryRuns.attach(accountId, key.id, distinct, actor, request.now);
  if (outcome !== "attached") return failureResponse(request, outcome);
  recordChange(ports, request, key.id, "trial_attached");
  const dryRun = await ports.dryRuns.get(accountId, key.id);
  if (dryRun === null) return failureResponse(request, "trial_changed");
  return json({ data: toDryRun(key.id, dryRun), warnings: warningsOfTerms(resolved) }, tagOf(dryRun));
}

/** Makes the terms of the dry run the key's own, and ends the dry run. */
export async function promoteApiKeyTrial(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const { force, errors } = readForce(request.query);
  if (errors.length > 0) return validationError(request, errors);
  const key = await findApiKeyByPath(ports, request, params);
  if (key === null) return notFound(request, "API key");
  const { accountId } = request.principal;
  const dryRun = await ports.dryRuns.get(accountId, key.id);
  if (dryRun === null) return notFound(request, "Dry run");
  const resolved = await resolveTerms(ports, request, dryRun);
  // With all its lists deleted, a promotion would lift the restriction of the key instead of replacing it.
  if ("errors" in resolved || resolved.allowLists?.length === 0) return failureResponse(request, "reference_gone");
  const escalations = await escalationsOfTerms(ports, request, key, resolved);
  if (escalations.length > 0) return escalationDenied(request, escalations);
  if (!matchesIfMatch(request, tagOf(dryRun))) return preconditionFailed(request);
  const judged = { grant: grantOf(resolved.role ?? key.role), ofKey: true, force };
  const basis = { apiKey: key, role: resolved.role };
  const actor = await permittedActor(ports, request, judged, basis, resolved.allowLists ?? []);
  if (actor instanceof Response) return actor;
  const promotion = { accountId, keyId: key.id, dryRun, force };
  const outcome = await ports.dryRuns.promote(promotion, actor, request.now);
  if (outcome !== "promoted") return failureResponse(request, outcome);
  recordChange(ports, request, key.id, "trial_promoted");
  const promoted = await ports.apiKeys.get(accountId, key.id);
  if (promoted === null) throw new Error(`key ${key.id} does not exist, but keys are never deleted`);
  const data = toApiKey(promoted, request.now);
  const effective = toEffective(ports.revocationBounds);
  return json({ data, effective, warnings: warningsOfTerms(resolved) }, etagOf(promoted));
}

/** Ends the dry run and deletes its counts. The key itself does not change, so its expiry and addresses do not matter. */
export async function deleteApiKeyTrial(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const key = await findApiKeyByPath(ports, request, params);
  if (key === null) return notFound(request, "API key");
  const escalations = escalationsOfRevocation(request.principal, key.id, grantOf(key.role));
  if (escalations.length > 0) return revocationDenied(request, escalations);
  const { accountId } = request.principal;
  const current = request.raw.headers.has("if-match") ? await ports.dryRuns.get(accountId, key.id) : null;
  if (current !== null && !matchesIfMatch(request, tagOf(current))) return preconditionFailed(request);
  const actor = actorOf(request, { apiKey: key });
  const outcome = await ports.dryRuns.drop(accountId, key.id, actor, request.now);
  if (outcome === "not_found") return notFound(request, "Dry run");
  recordChange(ports, request, key.id, "trial_dropped");
  return noContent();
}

/** A dry run is never changed, only replaced by one with another id. */
function tagOf(dryRun: DryRunDetails): string;
function tagOf(dryRun: DryRunDetails | null): string | null;
function tagOf(dryRun: DryRunDetails | null): string | null {
  return dryRun === null ? null : etagOf({ version: dryRun.id });
}

function failureResponse(
  request: AuthorizedRequest,
  failure: DryRunFailure | "trial_changed" | "last_manager",
): Response {
  return failure === "not_found" ? notFound(request, "API key") : conflict(request, failure, CONFLICTS[failure]);
}

const CONFLICTS = {
  key_canary: "The API key is a canary key, which never opens, so it cannot have a dry run.",
  key_inactive: "The API key is revoked or expired, so it cannot have a dry run.",
  reference_gone: REFERENCE_GONE,
  trial_changed: "The dry run was changed or ended in the meantime. Read it again.",
  last_manager:
    "With this role for the API key, nobody in the account could manage API keys. Pass force=true to proceed anyway.",
} as const;
