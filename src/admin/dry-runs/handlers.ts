// Trials of keys: attached, shown, promoted, dropped. A trial gives nothing away, but it may become the key's own, so it is
// held to what whoever asks has, when it is attached and again when it is promoted.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import { escalationsOfChange, escalationsOfRevocation } from "../../core/access/privilege-escalation.ts";
import type { FieldError } from "../../core/error-body.ts";
import { compileRules } from "../../core/ip/cidr.ts";
import type { AllowListDetails } from "../../store/allow-lists/port.ts";
import type { ApiKeyDetails } from "../../store/api-keys/port.ts";
import type { DryRunDetails, DryRunFailure } from "../../store/dry-runs/port.ts";
import type { RoleDetails } from "../../store/roles/port.ts";
import { revocationBounds } from "../api-keys/handlers.ts";
import { findLists } from "../api-keys/resolve-allow-lists.ts";
import { toApiKey } from "../api-keys/view.ts";
import { readBody } from "../body.ts";
import { actorOf, type PathParams, recordChange, uuidParam } from "../handler.ts";
import type { AdminPorts } from "../ports.ts";
import { readQuery } from "../query.ts";
import { escalationDenied, json, noContent, notFound, operationError, validationError } from "../responses.ts";
import { grantOf, toIsoString } from "../roles/view.ts";
import { ForceQuery } from "../schema.ts";
import { type TrialData, TrialSpec } from "./schema.ts";

export async function getApiKeyTrial(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const id = uuidParam(params, "apiKeyId");
  await ports.dryRunRecorder.flush(request.now);
  const dryRun = id && (await ports.dryRuns.get(request.principal.accountId, id));
  return dryRun ? json({ data: toDryRun(id, dryRun) }) : notFound(request, "Trial");
}

export async function putApiKeyTrial(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const body = await readBody(request, TrialSpec);
  if (body instanceof Response) return body;
  const key = await findKey(ports, request, params);
  if (key === null) return notFound(request, "API key");
  const wanted = await resolve(ports, request, body.value.role_id ?? null, body.value.allow_list_info ?? null);
  if ("faults" in wanted) return validationError(request, wanted.faults);
  const excess = await excessOf(ports, request, key, wanted);
  if (excess.length > 0) return escalationDenied(request, excess);
  const { accountId } = request.principal;
  const terms = { roleId: wanted.role?.id ?? null, allowListIds: wanted.lists?.map((list) => list.id) ?? null };
  const outcome = await ports.dryRuns.attach(accountId, key.id, terms, actorOf(request), request.now);
  if (outcome !== "attached") return answerRefused(request, outcome);
  recordChange(ports, request, key.id, "trial_attached");
  const dryRun = await ports.dryRuns.get(accountId, key.id);
  return dryRun ? json({ data: toDryRun(key.id, dryRun) }) : operationError(request, 409, "trial_changed", CHANGED);
}

export async function promoteApiKeyTrial(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const query = readQuery(request.query, ForceQuery);
  if ("faults" in query) return validationError(request, query.faults);
  const key = await findKey(ports, request, params);
  if (key === null) return notFound(request, "API key");
  const { accountId } = request.principal;
  const dryRun = await ports.dryRuns.get(accountId, key.id);
  if (dryRun === null) return notFound(request, "Trial");
  const wanted = await resolve(ports, request, dryRun.roleId, dryRun.allowListIds);
  if ("faults" in wanted || wanted.lists?.length === 0) return answerRefused(request, "reference_gone");
  const excess = await excessOf(ports, request, key, wanted);
  if (excess.length > 0) return escalationDenied(request, excess);
  const force = query.value.force === true;
  const outcome = await ports.dryRuns.promote(accountId, key.id, dryRun, force, actorOf(request), request.now);
  if (outcome === "trial_changed") return operationError(request, 409, "trial_changed", CHANGED);
  if (outcome === "last_manager") return operationError(request, 409, "last_manager", LAST_MANAGER);
  if (outcome !== "promoted") return answerRefused(request, outcome);
  recordChange(ports, request, key.id, "trial_promoted");
  const now = await ports.keys.get(accountId, key.id);
  if (now === null) throw new Error(`key ${key.id} has gone, which keys never do`);
  return json({ data: toApiKey(now, request.now), effective: revocationBounds(ports) });
}

/** To drop a trial changes nothing about the key, so it takes no more than not to be below it. */
export async function deleteApiKeyTrial(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const key = await findKey(ports, request, params);
  if (key === null) return notFound(request, "API key");
  const excess = escalationsOfRevocation(request.principal, key.id, grantOf(key.role));
  if (excess.length > 0) return escalationDenied(request, excess);
  const outcome = await ports.dryRuns.drop(request.principal.accountId, key.id, actorOf(request), request.now);
  if (outcome === "not_found") return notFound(request, "Trial");
  recordChange(ports, request, key.id, "trial_dropped");
  return noContent();
}

const CHANGED = "The trial was changed or ended meanwhile: look at it again.";
const LAST_MANAGER =
  "With this role for the API key nobody in the account could manage API keys. Add force=true to promote it all the same.";

function answerRefused(request: AuthorizedRequest, why: DryRunFailure): Response {
  switch (why) {
    case "not_found":
      return notFound(request, "API key");
    case "key_inactive":
      return operationError(
        request,
        409,
        "key_inactive",
        "The API key is revoked or expired: there is nothing left to try.",
      );
    case "reference_gone":
      return operationError(request, 409, "reference_gone", "The role or an IP allow list was deleted meanwhile.");
  }
}

async function findKey(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<ApiKeyDetails | null> {
  const id = uuidParam(params, "apiKeyId");
  return id === null ? null : ports.keys.get(request.principal.accountId, id);
}

/** `null`: that stays as it is. */
interface Wanted {
  readonly role: RoleDetails | null;
  readonly lists: readonly AllowListDetails[] | null;
}

async function resolve(
  ports: AdminPorts,
  request: AuthorizedRequest,
  roleId: string | null,
  listIds: readonly string[] | null,
): Promise<Wanted | { readonly faults: readonly FieldError[] }> {
  const [role, found] = await Promise.all([
    roleId === null ? null : ports.roles.get(request.principal.accountId, roleId),
    listIds === null ? { lists: null } : findLists(ports, request, listIds),
  ]);
  const errors: FieldError[] = [];
  if (roleId !== null && role === null) errors.push({ field: "role_id", message: "There is no such role." });
  if ("faults" in found) errors.push(...found.faults);
  return "faults" in found || errors.length > 0 ? { faults: errors } : { role, lists: found.lists };
}

/** What the key would have beyond whoever asks, were the trial promoted. */
async function excessOf(ports: AdminPorts, request: AuthorizedRequest, key: ApiKeyDetails, { role, lists }: Wanted) {
  const own = lists ?? (await ports.allowLists.getMany(key.accountId, key.allowListIds));
  const bound = lists !== null || key.allowListIds.length > 0;
  return escalationsOfChange(request.principal, grantOf(key.role), {
    grant: grantOf(role ?? key.role),
    expiresAt: key.expiresAt,
    addresses: bound ? compileRules(own.flatMap((list) => list.rules)) : null,
  });
}

function toDryRun(keyId: string, dryRun: DryRunDetails): TrialData {
  const times = (counted: { count: number; firstAt: number; lastAt: number }) => ({
    count: counted.count,
    first_on: toIsoString(counted.firstAt),
    last_on: toIsoString(counted.lastAt),
  });
  return {
    spec: { role_id: dryRun.roleId, allow_list_info: dryRun.allowListIds === null ? null : [...dryRun.allowListIds] },
    info: {
      id: dryRun.id,
      api_key_id: keyId,
      created_on: toIsoString(dryRun.createdAt),
      created_by: dryRun.createdByName,
      evaluated_calls: dryRun.evaluated,
      would_have_refused: dryRun.denials.reduce((sum, { count }) => sum + count, 0),
      networks: dryRun.networks,
      networks_complete: dryRun.networksComplete,
      reasons: dryRun.denials.map((each) => ({ reason: each.reason, ...times(each) })),
      examples: dryRun.examples.map((each) => ({
        reason: each.reason,
        operation: each.operation,
        network: each.network,
        ...times(each),
      })),
    },
  };
}
