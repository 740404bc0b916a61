// Replacing an IP allow list: its rules, or the list itself on all of its keys. Both change what keys may do, so that the
// principal must have the access of each key, and both say first whom they would deny.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import { escalationsOfChange } from "../../core/access/privilege-escalation.ts";
import { managesKeys } from "../../core/access/roles.ts";
import type { FieldError } from "../../core/error-body.ts";
import { type CanonicalCidr, compileRules, containsAddress } from "../../core/ip/cidr.ts";
import { parseAddress } from "../../core/ip/ip-address.ts";
import type { AllowListDetails, ListUser } from "../../store/allow-lists/port.ts";
import { toEffective } from "../api-keys/view.ts";
import { readBody } from "../body.ts";
import { type PathParams, recordChange, uuidParam } from "../handler.ts";
import { type Judged, permittedActor } from "../policy/permit.ts";
import type { AdminPorts } from "../ports.ts";
import { etagOf, matchesIfMatch, preconditionFailed } from "../preconditions.ts";
import { readQuery } from "../query.ts";
import { REFERENCE_GONE } from "../references.ts";
import { conflict, escalationDenied, json, notFound, validationError } from "../responses.ts";
import { grantOf } from "../roles/grant.ts";
import { toIsoString } from "../time.ts";
import { NAME_TAKEN, warningsOf } from "./handlers.ts";
import { AllowListReplacement, AllowListSpec, ReplaceQuery } from "./schema.ts";
import { toAllowList } from "./view.ts";

const MAX_USERS = 1_000;
const MAX_SHOWN = 100;

/** Replaces name, description and rules of an IP allow list. With `dry_run=true` it only shows what that would do. */
export async function updateNetworkAllowList(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const query = readQuery(request.query, ReplaceQuery);
  const body = readBody(request, AllowListSpec, { otherErrors: "errors" in query ? query.errors : [] });
  if (body instanceof Response || "errors" in query) return body as Response;
  const list = await findList(ports, request, params);
  if (list === null) return notFound(request, "IP allow list");
  const { name, description, allow_list } = body.value;
  const after = { ...list, name, description: description ?? "", rules: [...new Set(allow_list)] };
  const effects = await effectsOf(ports, request, list, after);
  if (effects instanceof Response) return effects;
  const warnings = warningsOf(after.rules, request.address);
  if (query.value.dry_run === true) {
    return json({ data: toAllowList(after, request.now), ...effects.shown, warnings }, etagOf(list));
  }
  const actor = await permittedActor(ports, request, judgedOf(effects.users), {}, [list]);
  if (actor instanceof Response) return actor;
  const outcome = await ports.allowLists.replace({ list: after, users: effects.users }, actor, request.now);
  if (outcome !== "replaced") return conflict(request, outcome, CONFLICTS[outcome]);
  recordChange(ports, request, list.id, "replaced", idsOf(effects.users));
  const replaced = { ...after, version: list.version + 1 };
  return json({ data: toAllowList(replaced, request.now), ...effects.shown, warnings }, etagOf(replaced));
}

/** Binds another IP allow list to all keys of a list, in its place. With `dry_run=true` it only shows what that would do. */
export async function replaceNetworkAllowList(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const query = readQuery(request.query, ReplaceQuery);
  const body = readBody(request, AllowListReplacement, { otherErrors: "errors" in query ? query.errors : [] });
  if (body instanceof Response || "errors" in query) return body as Response;
  const from = await findList(ports, request, params);
  if (from === null) return notFound(request, "IP allow list");
  const [to] = await ports.allowLists.getMany(from.accountId, [body.value.allow_list_id]);
  if (to === undefined || to.id === from.id) return validationError(request, [to === undefined ? UNKNOWN : SAME]);
  const effects = await effectsOf(ports, request, from, to);
  if (effects instanceof Response) return effects;
  if (query.value.dry_run === true) {
    return json({ data: toAllowList(to, request.now), ...effects.shown, warnings: [] }, etagOf(to));
  }
  const replacement = { from, to, users: effects.users };
  const actor = await permittedActor(ports, request, judgedOf(effects.users), {}, [from, to]);
  if (actor instanceof Response) return actor;
  const outcome = await ports.allowLists.replaceOnKeys(replacement, actor, request.now);
  if (outcome !== "replaced") return conflict(request, outcome, CONFLICTS[outcome]);
  recordChange(ports, request, from.id, "replaced_on_keys", idsOf(effects.users));
  const [shown = to] = await ports.allowLists.getMany(to.accountId, [to.id]);
  return json({ data: toAllowList(shown, request.now), ...effects.shown, warnings: [] }, etagOf(shown));
}

/** What the account's policy judges: whether a key with the list manages keys, which could be used from elsewhere. */
function judgedOf(users: readonly ListUser[]): Judged {
  const manager = users.find(({ role }) => managesKeys(grantOf(role)));
  return manager === undefined ? {} : { grant: grantOf(manager.role) };
}

const idsOf = (users: readonly { readonly id: string }[]) => users.map(({ id }) => id);

async function findList({ allowLists }: AdminPorts, request: AuthorizedRequest, params: PathParams) {
  const [projectId, id] = [uuidParam(params, "projectId"), uuidParam(params, "allowListId")];
  return projectId && id ? allowLists.get(request.principal.accountId, projectId, id) : null;
}

/** What it does to keys that a list has other rules; or the response to a principal who may not do that. */
async function effectsOf(
  ports: AdminPorts,
  request: AuthorizedRequest,
  list: AllowListDetails,
  after: AllowListDetails,
) {
  const users = await ports.allowLists.usersOf(list.id, request.now);
  if (users.length > MAX_USERS) return conflict(request, "too_many_keys", TOO_MANY_KEYS);
  const bound = users.filter(({ lists }) => lists.some(({ id }) => id === list.id));
  const escalations = bound.flatMap((user) => escalationsOfUser(request, user, list, after));
  if (escalations.length > 0) return escalationDenied(request, escalations.slice(0, MAX_SHOWN));
  if (!matchesIfMatch(request, etagOf(list))) return preconditionFailed(request);
  const denied = bound.filter((user) => isNewlyDenied(user, list, after));
  const newly_denied = denied.slice(0, MAX_SHOWN).map((user) => ({
    ...{ id: user.id, name: user.name, last_used_address: user.lastUsedAddress },
    last_used_time: user.lastUsedAt === null ? null : toIsoString(user.lastUsedAt),
  }));
  const effective = toEffective(ports.revocationBounds);
  return { users, shown: { affected_keys: bound.length, newly_denied, effective } };
}

function escalationsOfUser(
  { principal }: AuthorizedRequest,
  user: ListUser,
  list: AllowListDetails,
  after: AllowListDetails,
): readonly FieldError[] {
  const grant = grantOf(user.role);
  const addresses = compileRules(rulesAfter(user, list, after));
  const escalations = escalationsOfChange(principal, grant, { grant, expiresAt: user.expiresAt, addresses });
  return escalations.map(({ message }) => ({ field: "allow_list", message: `${user.name}: ${message}` }));
}

/** Whether the key was last used from an address that it may not be used from any more. */
function isNewlyDenied(user: ListUser, list: AllowListDetails, after: AllowListDetails): boolean {
  const address = user.lastUsedAddress === null ? null : parseAddress(user.lastUsedAddress);
  if (address === null) return false;
  const before = compileRules(user.lists.flatMap(({ rules }) => rules));
  return containsAddress(before, address) && !containsAddress(compileRules(rulesAfter(user, list, after)), address);
}

function rulesAfter({ lists }: ListUser, list: AllowListDetails, after: AllowListDetails): readonly CanonicalCidr[] {
  return [...lists.filter(({ id }) => id !== list.id && id !== after.id).flatMap(({ rules }) => rules), ...after.rules];
}

const UNKNOWN: FieldError = { field: "allow_list_id", message: "This IP allow list does not exist." };
const SAME: FieldError = { field: "allow_list_id", message: "This is the list that would be replaced." };

const TOO_MANY_KEYS = `More than ${MAX_USERS} active API keys use this list. Replace it on some of them first, by editing the keys.`;

const CONFLICTS = {
  users_changed: "An API key with this list was changed in the meantime, or another one was given it. Retry.",
  changed: "The IP allow list was changed or deleted in the meantime. Read it again.",
  name_taken: NAME_TAKEN,
  reference_gone: REFERENCE_GONE,
} as const;
