// Trials of keys: attached, shown, promoted, dropped. A trial gives nothing away, but it may become the key's own, so it is
// held to what whoever asks has, when it is attached and again when it is promoted.
import { excessOfChange, excessOfRevocation } from "../core/authority.ts";
import type { Fault } from "../core/envelope.ts";
import type { AllowListDetails, KeyDetails, RoleDetails, TrialDetails, TrialRefused } from "../store/ports.ts";
import { answer, answerError, answerExcess, answerInvalid, answerNotFound, answerNothing } from "./answers.ts";
import { viewKey } from "./api-key-view.ts";
import { receipt } from "./api-keys.ts";
import { readBody } from "./body.ts";
import type { AdminCall, AdminPorts } from "./call.ts";
import { ForceQuery } from "./contract.ts";
import { actorOf, changed, idIn, type Params } from "./handler.ts";
import { findLists } from "./key-terms.ts";
import { readQuery } from "./query.ts";
import { grantOf, instantText } from "./role-view.ts";
import { type TrialData, TrialSpec } from "./trials-contract.ts";

export async function getApiKeyTrial(ports: AdminPorts, call: AdminCall, params: Params): Promise<Response> {
  const id = idIn(params, "apiKeyId");
  await ports.tried.flush(call.now);
  const trial = id && (await ports.trials.get(call.principal.accountId, id));
  return trial ? answer({ data: viewTrial(id, trial) }) : answerNotFound(call, "Trial");
}

export async function putApiKeyTrial(ports: AdminPorts, call: AdminCall, params: Params): Promise<Response> {
  const body = await readBody(call, TrialSpec);
  if (body instanceof Response) return body;
  const key = await findKey(ports, call, params);
  if (key === null) return answerNotFound(call, "API key");
  const wanted = await resolve(ports, call, body.value.role_id ?? null, body.value.allow_list_info ?? null);
  if ("faults" in wanted) return answerInvalid(call, wanted.faults);
  const excess = await excessOf(ports, call, key, wanted);
  if (excess.length > 0) return answerExcess(call, excess);
  const { accountId } = call.principal;
  const terms = { roleId: wanted.role?.id ?? null, allowListIds: wanted.lists?.map((list) => list.id) ?? null };
  const outcome = await ports.trials.attach(accountId, key.id, terms, actorOf(call), call.now);
  if (outcome !== "attached") return answerRefused(call, outcome);
  changed(ports, call, key.id, "trial_attached");
  const trial = await ports.trials.get(accountId, key.id);
  return trial ? answer({ data: viewTrial(key.id, trial) }) : answerError(call, 409, "trial_changed", CHANGED);
}

export async function promoteApiKeyTrial(ports: AdminPorts, call: AdminCall, params: Params): Promise<Response> {
  const query = readQuery(call.query, ForceQuery);
  if ("faults" in query) return answerInvalid(call, query.faults);
  const key = await findKey(ports, call, params);
  if (key === null) return answerNotFound(call, "API key");
  const { accountId } = call.principal;
  const trial = await ports.trials.get(accountId, key.id);
  if (trial === null) return answerNotFound(call, "Trial");
  const wanted = await resolve(ports, call, trial.roleId, trial.allowListIds);
  if ("faults" in wanted || wanted.lists?.length === 0) return answerRefused(call, "reference_gone");
  const excess = await excessOf(ports, call, key, wanted);
  if (excess.length > 0) return answerExcess(call, excess);
  const force = query.value.force === true;
  const outcome = await ports.trials.promote(accountId, key.id, trial, force, actorOf(call), call.now);
  if (outcome === "trial_changed") return answerError(call, 409, "trial_changed", CHANGED);
  if (outcome === "last_manager") return answerError(call, 409, "last_manager", LAST_MANAGER);
  if (outcome !== "promoted") return answerRefused(call, outcome);
  changed(ports, call, key.id, "trial_promoted");
  const now = await ports.keys.get(accountId, key.id);
  if (now === null) throw new Error(`key ${key.id} has gone, which keys never do`);
  return answer({ data: viewKey(now, call.now), effective: receipt(ports) });
}

/** To drop a trial changes nothing about the key, so it takes no more than not to be below it. */
export async function deleteApiKeyTrial(ports: AdminPorts, call: AdminCall, params: Params): Promise<Response> {
  const key = await findKey(ports, call, params);
  if (key === null) return answerNotFound(call, "API key");
  const excess = excessOfRevocation(call.principal, key.id, grantOf(key.role));
  if (excess.length > 0) return answerExcess(call, excess);
  const outcome = await ports.trials.drop(call.principal.accountId, key.id, actorOf(call), call.now);
  if (outcome === "not_found") return answerNotFound(call, "Trial");
  changed(ports, call, key.id, "trial_dropped");
  return answerNothing();
}

const CHANGED = "The trial was changed or ended meanwhile: look at it again.";
const LAST_MANAGER =
  "With this role for the API key nobody in the account could manage API keys. Add force=true to promote it all the same.";

function answerRefused(call: AdminCall, why: TrialRefused): Response {
  switch (why) {
    case "not_found":
      return answerNotFound(call, "API key");
    case "key_inactive":
      return answerError(call, 409, "key_inactive", "The API key is revoked or expired: there is nothing left to try.");
    case "reference_gone":
      return answerError(call, 409, "reference_gone", "The role or an IP allow list was deleted meanwhile.");
  }
}

async function findKey(ports: AdminPorts, call: AdminCall, params: Params): Promise<KeyDetails | null> {
  const id = idIn(params, "apiKeyId");
  return id === null ? null : ports.keys.get(call.principal.accountId, id);
}

/** `null`: that stays as it is. */
interface Wanted {
  readonly role: RoleDetails | null;
  readonly lists: readonly AllowListDetails[] | null;
}

async function resolve(
  ports: AdminPorts,
  call: AdminCall,
  roleId: string | null,
  listIds: readonly string[] | null,
): Promise<Wanted | { readonly faults: readonly Fault[] }> {
  const [role, found] = await Promise.all([
    roleId === null ? null : ports.roles.get(call.principal.accountId, roleId),
    listIds === null ? { lists: null } : findLists(ports, call, listIds),
  ]);
  const faults: Fault[] = [];
  if (roleId !== null && role === null) faults.push({ field: "role_id", message: "There is no such role." });
  if ("faults" in found) faults.push(...found.faults);
  return "faults" in found || faults.length > 0 ? { faults } : { role, lists: found.lists };
}

/** What the key would have beyond whoever asks, were the trial promoted. */
async function excessOf(ports: AdminPorts, call: AdminCall, key: KeyDetails, { role, lists }: Wanted) {
  const own = lists ?? (await ports.allowLists.getMany(key.accountId, key.allowListIds));
  const bound = lists !== null || key.allowListIds.length > 0;
  return excessOfChange(call.principal, grantOf(key.role), {
    grant: grantOf(role ?? key.role),
    expiresAt: key.expiresAt,
    rules: bound ? own.flatMap((list) => list.rules) : null,
  });
}

function viewTrial(keyId: string, trial: TrialDetails): TrialData {
  const times = (counted: { count: number; firstAt: number; lastAt: number }) => ({
    count: counted.count,
    first_on: instantText(counted.firstAt),
    last_on: instantText(counted.lastAt),
  });
  return {
    spec: { role_id: trial.roleId, allow_list_info: trial.allowListIds === null ? null : [...trial.allowListIds] },
    info: {
      id: trial.id,
      api_key_id: keyId,
      created_on: instantText(trial.createdAt),
      created_by: trial.createdByName,
      evaluated_calls: trial.evaluated,
      would_have_refused: trial.refusals.reduce((sum, { count }) => sum + count, 0),
      networks: trial.networks,
      networks_complete: trial.networksComplete,
      reasons: trial.refusals.map((each) => ({ reason: each.reason, ...times(each) })),
      examples: trial.examples.map((each) => ({
        reason: each.reason,
        operation: each.operation,
        network: each.network,
        ...times(each),
      })),
    },
  };
}
