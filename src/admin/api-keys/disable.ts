// Disabling an API key for a while, and enabling it again.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import type { ApiKeyDetails } from "../../store/api-keys/port.ts";
import { escalationsOfTerms } from "../dry-runs/terms.ts";
import { type PathParams, recordChange } from "../handler.ts";
import { type Judged, permittedActor } from "../policy/permit.ts";
import type { AdminPorts } from "../ports.ts";
import { etagOf, matchesIfMatch, preconditionFailed } from "../preconditions.ts";
import { conflict, escalationDenied, json, notFound } from "../responses.ts";
import { grantOf } from "../roles/grant.ts";
import { findApiKeyByPath, LAST_MANAGER, readEnding } from "./handlers.ts";
import { toApiKey, toEffective } from "./view.ts";

/** Disables an API key until it is enabled. Idempotent. */
export async function disableApiKey(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const ending = await readEnding(ports, request, params);
  if (ending instanceof Response) return ending;
  return setDisabled(ports, request, ending.key, true, { force: ending.force });
}

/** Enables a disabled API key: as for an edit, the principal must have the whole access of the key. Idempotent. */
export async function enableApiKey(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const key = await findApiKeyByPath(ports, request, params);
  if (key === null) return notFound(request, "API key");
  const escalations = await escalationsOfTerms(ports, request, key, { role: null, allowLists: null });
  if (escalations.length > 0) return escalationDenied(request, escalations);
  return setDisabled(ports, request, key, false, { grant: grantOf(key.role) });
}

async function setDisabled(
  ports: AdminPorts,
  request: AuthorizedRequest,
  key: ApiKeyDetails,
  disabled: boolean,
  judged: Judged,
): Promise<Response> {
  if (key.canary) return conflict(request, "key_canary", CONFLICTS.key_canary);
  if (!matchesIfMatch(request, etagOf(key))) return preconditionFailed(request);
  const actor = await permittedActor(ports, request, judged, { apiKey: key });
  if (actor instanceof Response) return actor;
  const force = judged.force === true;
  const disabling = { accountId: key.accountId, keyId: key.id, name: key.name, disabled, force };
  const changed = await ports.apiKeys.setDisabled(disabling, actor, request.now);
  if (typeof changed === "string") return conflict(request, changed, CONFLICTS[changed]);
  recordChange(ports, request, key.id, disabled ? "disabled" : "enabled");
  const effective = toEffective(ports.revocationBounds);
  return json({ data: toApiKey(changed, request.now), effective }, etagOf(changed));
}

const CONFLICTS = {
  key_canary: "The API key is a canary key, which never opens: it can neither be disabled nor enabled.",
  key_inactive: "The API key is revoked or expired, so it can neither be disabled nor enabled.",
  last_manager: LAST_MANAGER,
} as const;
