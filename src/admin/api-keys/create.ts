// Creating an API key: references are resolved, the requested access is compared with that of the principal, the key is
// minted and stored. The secret goes into this one response and nowhere else.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import { escalationsOfKey } from "../../core/access/privilege-escalation.ts";
import type { FieldError } from "../../core/error-body.ts";
import { breadthWarnings } from "../../core/ip/breadth.ts";
import { compileRules } from "../../core/ip/cidr.ts";
import { mintKey } from "../../core/token/api-key-token.ts";
import type { AllowListDetails } from "../../store/allow-lists/port.ts";
import type { ApiKeyDetails, NewApiKey } from "../../store/api-keys/port.ts";
import type { Actor } from "../../store/common.ts";
import type { RoleDetails } from "../../store/roles/port.ts";
import { readBody } from "../body.ts";
import { recordChange } from "../handler.ts";
import { permittedActor } from "../policy/permit.ts";
import type { AdminPorts } from "../ports.ts";
import { etagOf } from "../preconditions.ts";
import { REFERENCE_GONE, resolveAllowLists, UNKNOWN_ROLE } from "../references.ts";
import { conflict, escalationDenied, json, operationError, quotaExceeded, validationError } from "../responses.ts";
import { grantOf } from "../roles/grant.ts";
import { expiryAfter } from "../time.ts";
import { ApiKeySpec } from "./schema.ts";
import { toApiKey } from "./view.ts";

/** Creates an API key with no more access than the principal has. */
export async function createApiKey(ports: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  const idempotencyKey = request.raw.headers.get("idempotency-key");
  const body = readBody(request, ApiKeySpec, { otherErrors: idempotencyKeyErrors(idempotencyKey) });
  if (body instanceof Response) return body;
  const spec = body.value;
  const references = await resolveReferences(ports, request, spec);
  if ("errors" in references) return validationError(request, references.errors);
  const { role, allowLists } = references;
  const expiresAt = expiryAfter(spec.expire_after_hours, request.now);
  const addresses = allowLists.length === 0 ? null : compileRules(allowLists.flatMap((list) => list.rules));
  const escalations = escalationsOfKey(request.principal, { grant: grantOf(role), expiresAt, addresses });
  if (escalations.length > 0) return escalationDenied(request, escalations);
  // A canary key never opens, whatever its role.
  const judged = spec.canary === true ? {} : { grant: grantOf(role), ofKey: true, expiresAt };
  const actor = await permittedActor(ports, request, judged, { role }, allowLists);
  if (actor instanceof Response) return actor;
  const { accountId } = request.principal;
  const id = crypto.randomUUID();
  const { token, hash, signingKeyId } = await mintKey(ports.keyRing, {
    keyId: id,
    accountId,
    expiresAt,
    now: request.now,
  });
  const warnings = addresses === null ? [] : breadthWarnings(addresses, "allow_list_info");
  const secret = { jwt: token, warnings };
  return storeApiKey(ports, request, actor, secret, {
    id,
    accountId,
    hash,
    signingKeyId,
    name: spec.name,
    description: spec.description ?? "",
    roleId: role.id,
    allowListIds: allowLists.map((list) => list.id),
    expireAfterHours: spec.expire_after_hours,
    expiresAt,
    idempotencyKey,
    canary: spec.canary === true,
  });
}

/** Stores a minted key. @param secret what the response has beside the key */
async function storeApiKey(
  ports: AdminPorts,
  request: AuthorizedRequest,
  actor: Actor,
  secret: { readonly jwt: string; readonly warnings: readonly FieldError[] },
  key: NewApiKey,
): Promise<Response> {
  const result = await ports.apiKeys.create(key, actor, request.now);
  switch (result.outcome) {
    case "created":
      recordChange(ports, request, result.key.id, "created");
      return json({ data: toApiKey(result.key, request.now), ...secret }, etagOf(result.key));
    case "replayed":
      request.log.set({ resource_id: result.key.id });
      if (!isSameRequest(result.key, key)) {
        return operationError(request, 422, "idempotency_key_reused", IDEMPOTENCY_KEY_REUSED);
      }
      return operationError(request, 409, "idempotency_key_used", IDEMPOTENCY_KEY_USED, {
        members: { data: toApiKey(result.key, request.now) },
      });
    case "quota_exceeded":
      return quotaExceeded(request, "active API keys");
    case "reference_gone":
      return conflict(request, "reference_gone", REFERENCE_GONE);
    case "key_inactive":
    case "already_rotated":
      throw new Error("a key that takes over from none has no predecessor");
  }
}

/** Role and lists are compared while the key has those that it was created with. */
function isSameRequest(made: ApiKeyDetails, key: NewApiKey): boolean {
  const { name, description, expireAfterHours, canary } = key;
  if (made.name !== name || made.description !== description || made.expireAfterHours !== expireAfterHours)
    return false;
  if (made.canary !== canary) return false;
  if (made.version > 1) return true;
  return made.role.id === key.roleId && made.allowListIds.join() === key.allowListIds.join();
}

const IDEMPOTENCY_KEY_REUSED = "This Idempotency-Key was used to create another API key. Use a new one.";

const IDEMPOTENCY_KEY_USED =
  "An API key was already created with this Idempotency-Key. It is in `data`, without its secret. If the secret is lost, revoke this key and create a new one.";

function idempotencyKeyErrors(value: string | null): readonly FieldError[] {
  if (value === null || /^[\x21-\x7e]{1,255}$/.test(value)) return [];
  return [{ field: "Idempotency-Key", message: "This must have 1 to 255 visible ASCII characters." }];
}

interface References {
  readonly role: RoleDetails;
  /** In the given order. */
  readonly allowLists: readonly AllowListDetails[];
}

async function resolveReferences(
  ports: AdminPorts,
  request: AuthorizedRequest,
  spec: ApiKeySpec,
): Promise<References | { readonly errors: readonly FieldError[] }> {
  const [role, lists] = await Promise.all([
    resolveRole(ports, request.principal.accountId, spec.role_id ?? null),
    resolveAllowLists(ports, request, spec.allow_list_info ?? []),
  ]);
  if (!("field" in role) && "allowLists" in lists) return { role, allowLists: lists.allowLists };
  return { errors: [...("field" in role ? [role] : []), ...("errors" in lists ? lists.errors : [])] };
}

/** The role with this id, or the default role for `null`. */
async function resolveRole(
  ports: AdminPorts,
  accountId: string,
  roleId: string | null,
): Promise<RoleDetails | FieldError> {
  if (roleId !== null) return (await ports.roles.get(accountId, roleId)) ?? UNKNOWN_ROLE;
  if (ports.defaultKeyRoleName === null) return NO_DEFAULT_ROLE;
  return (await ports.roles.getByName(accountId, ports.defaultKeyRoleName)) ?? UNKNOWN_DEFAULT_ROLE;
}

const NO_DEFAULT_ROLE: FieldError = {
  field: "role_id",
  message: "This is required: no default role is configured.",
};
const UNKNOWN_DEFAULT_ROLE: FieldError = {
  field: "role_id",
  message: "This is required: the configured default role does not exist in this account.",
};
