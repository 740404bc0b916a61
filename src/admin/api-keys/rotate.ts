// Rotating an API key: a successor with the same terms, and an end of the key after an overlap. Until then the overlap can be
// moved, or the rotation cancelled.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import { type AccountPolicy, lifetimeWithin } from "../../core/access/account-policy.ts";
import { escalationsOfRevocation } from "../../core/access/privilege-escalation.ts";
import { mintKey } from "../../core/token/api-key-token.ts";
import { readBody } from "../body.ts";
import { escalationsOfTerms } from "../dry-runs/terms.ts";
import { type PathParams, recordChange } from "../handler.ts";
import { permittedActor, policyViolation } from "../policy/permit.ts";
import type { AdminPorts } from "../ports.ts";
import { etagOf, matchesIfMatch, preconditionFailed } from "../preconditions.ts";
import { REFERENCE_GONE } from "../references.ts";
import { conflict, escalationDenied, json, notFound, quotaExceeded, revocationDenied } from "../responses.ts";
import { grantOf } from "../roles/grant.ts";
import { expiryAfter } from "../time.ts";
import { findApiKeyByPath } from "./handlers.ts";
import { Overlap } from "./schema.ts";
import { toApiKey, toEffective } from "./view.ts";

/** The terms that stay as the key has them. */
const UNCHANGED = { role: null, allowLists: null };

/** Creates the successor of a key, which ends after the overlap. A key may rotate itself, once. */
export async function rotateApiKey(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const body = readBody(request, Overlap);
  if (body instanceof Response) return body;
  const key = await findApiKeyByPath(ports, request, params);
  if (key === null) return notFound(request, "API key");
  const { principal, now } = request;
  const account = await ports.policies.get(principal.accountId);
  const overlong = overlapViolation(account.policy, now, endAfter(request, key.expiresAt, body.value));
  if (overlong !== null) return policyViolation(request, [overlong]);
  const bySelf = principal.id === key.id;
  // The successor lives as long from now as the key was given, within the policy. Of itself a key has no more access than it has.
  const expireAfterHours = lifetimeWithin(account.policy, key.expireAfterHours);
  const expiresAt = expiryAfter(expireAfterHours, now);
  const escalations = bySelf ? [] : await escalationsOfTerms(ports, request, key, { ...UNCHANGED, expiresAt });
  if (escalations.length > 0) return escalationDenied(request, escalations);
  if (key.canary) return conflict(request, "key_canary", CONFLICTS.key_canary);
  if (!matchesIfMatch(request, etagOf(key))) return preconditionFailed(request);
  const judged = { grant: grantOf(key.role), ofKey: true, expiresAt };
  const actor = await permittedActor(ports, request, judged, { apiKey: key, role: key.role }, [], account);
  if (actor instanceof Response) return actor;
  const { accountId } = key;
  const id = crypto.randomUUID();
  const { token, hash, signingKeyId } = await mintKey(ports.keyRing, { keyId: id, accountId, expiresAt, now });
  const rotation = { predecessorId: key.id, endsAt: endAfter(request, key.expiresAt, body.value), bySelf };
  const successor = {
    ...{ id, accountId, hash, signingKeyId, name: key.name, description: key.description, roleId: key.role.id },
    ...{ allowListIds: key.allowListIds, expireAfterHours, expiresAt, idempotencyKey: null },
  };
  const result = await ports.apiKeys.create({ ...successor, rotation }, actor, now);
  switch (result.outcome) {
    case "created": {
      recordChange(ports, request, id, "rotated", [id, key.id]);
      const predecessor = await ports.apiKeys.get(accountId, key.id);
      if (predecessor === null) throw new Error(`key ${key.id} does not exist, but keys are never deleted`);
      const effective = toEffective(ports.revocationBounds);
      const both = { data: toApiKey(result.key, now), jwt: token, predecessor: toApiKey(predecessor, now) };
      return json({ ...both, effective }, etagOf(result.key));
    }
    case "quota_exceeded":
      return quotaExceeded(request, "active API keys");
    case "replayed":
      throw new Error("a successor has no Idempotency-Key");
    default:
      return conflict(request, result.outcome, CONFLICTS[result.outcome]);
  }
}

/** Moves the end of a rotated key: later, within the expiry that it had before, or to now. */
export async function changeApiKeyRotation(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const body = readBody(request, Overlap);
  if (body instanceof Response) return body;
  const found = await findRotated(ports, request, params);
  if (found instanceof Response) return found;
  const { key, successorId, predecessorExpiresAt } = found;
  const endsAt = endAfter(request, predecessorExpiresAt, body.value);
  const escalations = await escalationsOfTerms(ports, request, key, { ...UNCHANGED, expiresAt: endsAt });
  if (escalations.length > 0) return escalationDenied(request, escalations);
  if (!matchesIfMatch(request, etagOf(key))) return preconditionFailed(request);
  const account = await ports.policies.get(key.accountId);
  const overlong = overlapViolation(account.policy, found.rotatedAt, endsAt);
  if (overlong !== null) return policyViolation(request, [overlong]);
  const grant = endsAt > Number(key.expiresAt) ? { grant: grantOf(key.role) } : {};
  const actor = await permittedActor(ports, request, grant, { apiKey: key }, [], account);
  if (actor instanceof Response) return actor;
  const move = { accountId: key.accountId, keyId: key.id, name: key.name, successorId, endsAt };
  const moved = await ports.apiKeys.moveOverlap(move, actor, request.now);
  if (typeof moved === "string") return conflict(request, moved, CONFLICTS[moved]);
  recordChange(ports, request, key.id, "overlap_changed");
  const effective = toEffective(ports.revocationBounds);
  return json({ data: toApiKey(moved, request.now), effective }, etagOf(moved));
}

/** Revokes the successor of a rotated key, which has its earlier expiry again. */
export async function cancelApiKeyRotation(
  ports: AdminPorts,
  request: AuthorizedRequest,
  params: PathParams,
): Promise<Response> {
  const found = await findRotated(ports, request, params);
  if (found instanceof Response) return found;
  const { key, successorId, predecessorExpiresAt: expiresAt } = found;
  const successor = await ports.apiKeys.get(key.accountId, successorId);
  if (successor === null) throw new Error(`key ${successorId} does not exist, but keys are never deleted`);
  const revocation = escalationsOfRevocation(request.principal, successorId, grantOf(successor.role));
  if (revocation.length > 0) return revocationDenied(request, revocation);
  const escalations = await escalationsOfTerms(ports, request, key, { ...UNCHANGED, expiresAt });
  if (escalations.length > 0) return escalationDenied(request, escalations);
  if (!matchesIfMatch(request, etagOf(key))) return preconditionFailed(request);
  const actor = await permittedActor(ports, request, { grant: grantOf(key.role) }, { apiKey: key });
  if (actor instanceof Response) return actor;
  const cancellation = { accountId: key.accountId, keyId: key.id, name: key.name, successorId, expiresAt };
  const again = await ports.apiKeys.cancelRotation(cancellation, actor, request.now);
  if (typeof again === "string") return conflict(request, again, CONFLICTS[again]);
  recordChange(ports, request, key.id, "rotation_cancelled", [key.id, successorId]);
  const effective = toEffective(ports.revocationBounds);
  return json({ data: toApiKey(again, request.now), effective }, etagOf(again));
}

/** The key that the path names with its successor, or the error response. */
async function findRotated(ports: AdminPorts, request: AuthorizedRequest, params: PathParams) {
  const key = await findApiKeyByPath(ports, request, params);
  if (key === null) return notFound(request, "API key");
  if (key.rotation?.predecessorId !== key.id) return conflict(request, "not_rotated", CONFLICTS.not_rotated);
  return { key, ...key.rotation };
}

function endAfter({ now }: AuthorizedRequest, expiresAt: number | null, { overlap_hours }: Overlap): number {
  return Math.min(expiresAt ?? Number.POSITIVE_INFINITY, now + overlap_hours * 3_600_000);
}

/** Why the policy does not allow an overlap, in milliseconds since the epoch; `null`: it does. */
function overlapViolation({ maxOverlapHours: hours }: AccountPolicy, since: number, endsAt: number) {
  if (hours === null || endsAt <= since + hours * 3_600_000) return null;
  return { field: "overlap_hours", message: `The account's policy allows an overlap of at most ${hours} hours.` };
}

const CONFLICTS = {
  key_canary: "The API key is a canary key, which never opens, so it cannot be rotated. Create another one.",
  key_inactive: "The API key is revoked, expired or disabled, so it cannot be rotated.",
  already_rotated: "The API key has a successor already. Rotate that one, or cancel the rotation first.",
  not_rotated: "The API key has no active successor.",
  reference_gone: REFERENCE_GONE,
  last_manager: "Without the successor, nobody in the account could manage API keys.",
} as const;
