// Editing an API key. The editor must have the permissions of the key, and the whole access that it would have afterwards.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import type { ApiKeyDetails } from "../../store/api-keys/port.ts";
import { readBody } from "../body.ts";
import { escalationsOfTerms, type ResolvedTerms, resolveTerms, warningsOfTerms } from "../dry-runs/terms.ts";
import { type PathParams, recordChange } from "../handler.ts";
import { type Judged, permittedActor } from "../policy/permit.ts";
import type { AdminPorts } from "../ports.ts";
import { etagOf, matchesIfMatch, preconditionFailed } from "../preconditions.ts";
import { readForce } from "../query.ts";
import { REFERENCE_GONE } from "../references.ts";
import { conflict, escalationDenied, json, notFound, validationError } from "../responses.ts";
import { grantOf } from "../roles/grant.ts";
import { expiryAfter } from "../time.ts";
import { findApiKeyByPath } from "./handlers.ts";
import { ApiKeyEdit } from "./schema.ts";
import { toApiKey, toEffective } from "./view.ts";

/** Edits name, description, expiry, role and IP allow lists of an active key. What the body leaves out stays as it is. */
export async function editApiKey(ports: AdminPorts, request: AuthorizedRequest, params: PathParams): Promise<Response> {
  const { force, errors } = readForce(request.query);
  const body = readBody(request, ApiKeyEdit, { otherErrors: errors });
  if (body instanceof Response) return body;
  const edit = body.value;
  const key = await findApiKeyByPath(ports, request, params);
  if (key === null) return notFound(request, "API key");
  const terms = { roleId: edit.role_id ?? null, allowListIds: edit.allow_list_info ?? null };
  const resolved = await resolveTerms(ports, request, terms);
  if ("errors" in resolved) return validationError(request, resolved.errors);
  const expiry = expiryOf(request, key, edit);
  const escalations = await escalationsOfTerms(ports, request, key, { ...resolved, expiresAt: expiry.expiresAt });
  if (escalations.length > 0) return escalationDenied(request, escalations);
  if (!matchesIfMatch(request, etagOf(key))) return preconditionFailed(request);
  if (exceeds(expiry.expiresAt, key.signedExpiresAt)) return conflict(request, "expiry_signed", expirySigned(key));
  const judged = judgedOf(key, resolved, expiry.expiresAt, force);
  const basis = { apiKey: key, role: resolved.role };
  const actor = await permittedActor(ports, request, judged, basis, resolved.allowLists ?? []);
  if (actor instanceof Response) return actor;
  const values = {
    ...{ accountId: key.accountId, keyId: key.id, ...expiry, force },
    ...{ name: edit.name ?? key.name, description: edit.description ?? key.description },
    roleId: resolved.role?.id ?? key.role.id,
    allowListIds: resolved.allowLists?.map((list) => list.id) ?? key.allowListIds,
  };
  const edited = await ports.apiKeys.edit(values, actor, request.now);
  if (typeof edited === "string") return conflict(request, edited, CONFLICTS[edited]);
  recordChange(ports, request, key.id, "edited");
  const data = toApiKey(edited, request.now);
  const warnings = resolved.allowLists?.length ? warningsOfTerms(resolved) : [];
  return json({ data, effective: toEffective(ports.revocationBounds), warnings }, etagOf(edited));
}

/** What the account's policy judges: the role, and a longer life. Other edits of a key that exists are none of its business. */
function judgedOf(
  key: ApiKeyDetails,
  { role, allowLists }: ResolvedTerms,
  expiresAt: number | null,
  force: boolean,
): Judged {
  const isLonger = key.expiresAt !== null && (expiresAt === null || expiresAt > key.expiresAt);
  if (role === null && allowLists === null && !isLonger) return { force };
  return { grant: grantOf(role ?? key.role), ofKey: true, force, ...(isLonger && { expiresAt }) };
}

/** The expiry after the edit; it counts from the time of the request. */
function expiryOf({ now }: AuthorizedRequest, key: ApiKeyDetails, { expire_after_hours: hours }: ApiKeyEdit) {
  if (hours === undefined) return { expireAfterHours: key.expireAfterHours, expiresAt: key.expiresAt };
  return { expireAfterHours: hours, expiresAt: expiryAfter(hours, now) };
}

// The signed `exp` has seconds; what is later within the same second is the same end for the gateway.
function exceeds(expiresAt: number | null, signed: number | null): boolean {
  if (signed === null) return false;
  return expiresAt === null || Math.floor(expiresAt / 1_000) > Math.floor(signed / 1_000);
}

function expirySigned({ signedExpiresAt }: ApiKeyDetails): string {
  const end = new Date(Number(signedExpiresAt)).toISOString();
  return `The key is signed to end at ${end}, and is not accepted later. Rotate it, or create a new one, for a longer life.`;
}

const CONFLICTS = {
  key_inactive: "The API key is revoked or expired, so it cannot be edited.",
  reference_gone: REFERENCE_GONE,
  last_manager:
    "With this role for the API key, nobody in the account could manage API keys. Pass force=true to proceed anyway.",
} as const;
