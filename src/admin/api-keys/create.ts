// How an API key is made: what is asked for is resolved, weighed against the power of whoever asks, minted and written.
// The secret goes into the answer, this once, and nowhere else.

import type { AuthorizedRequest } from "../../authorized-request.ts";
import { escalationsOfKey } from "../../core/access/privilege-escalation.ts";
import type { FieldError } from "../../core/error-body.ts";
import { compileRules } from "../../core/ip/cidr.ts";
import { mintKey } from "../../core/token/api-key-token.ts";
import type { AllowListDetails } from "../../store/allow-lists/port.ts";
import type { NewApiKey } from "../../store/api-keys/port.ts";
import type { RoleDetails } from "../../store/roles/port.ts";
import { readBody } from "../body.ts";
import { actorOf, recordChange } from "../handler.ts";
import type { AdminPorts } from "../ports.ts";
import { escalationDenied, json, operationError, validationError } from "../responses.ts";
import { grantOf } from "../roles/view.ts";
import { ApiKeySpec } from "../schema.ts";
import { findLists } from "./resolve-allow-lists.ts";
import { toApiKey } from "./view.ts";

const HOUR_MS = 3_600_000;

export async function createApiKey(ports: AdminPorts, request: AuthorizedRequest): Promise<Response> {
  const replayKey = request.raw.headers.get("idempotency-key");
  const body = await readBody(request, ApiKeySpec, { faults: idempotencyFaults(replayKey) });
  if (body instanceof Response) return body;
  const spec = body.value;
  const parts = await resolve(ports, request, spec);
  if ("faults" in parts) return validationError(request, parts.faults);
  const { role, lists } = parts;
  const expiresAt = spec.expire_after_hours === 0 ? null : request.now + spec.expire_after_hours * HOUR_MS;
  const addresses = lists.length === 0 ? null : compileRules(lists.flatMap((list) => list.rules));
  const excess = escalationsOfKey(request.principal, { grant: grantOf(role), expiresAt, addresses });
  if (excess.length > 0) return escalationDenied(request, excess);
  const accountId = request.principal.accountId;
  const id = crypto.randomUUID();
  const { token, hash } = await mintKey(ports.ring, { keyId: id, accountId, expiresAt, now: request.now });
  return write(ports, request, token, {
    id,
    accountId,
    hash,
    name: spec.name,
    description: spec.description ?? "",
    roleId: role.id,
    allowListIds: lists.map((list) => list.id),
    expireAfterHours: spec.expire_after_hours,
    expiresAt,
    idempotencyKey: replayKey,
  });
}

async function write(ports: AdminPorts, request: AuthorizedRequest, token: string, key: NewApiKey): Promise<Response> {
  const result = await ports.keys.create(key, actorOf(request), request.now);
  switch (result.outcome) {
    case "created":
      recordChange(ports, request, result.key.id, "created");
      return json({ data: toApiKey(result.key, request.now), jwt: token });
    case "replayed":
      request.log.set({ resource_id: result.key.id });
      return operationError(request, 409, "idempotency_key_used", REPLAYED, {
        beside: { data: toApiKey(result.key, request.now) },
      });
    case "reference_gone":
      return operationError(request, 409, "reference_gone", "The role or an IP allow list was deleted meanwhile.");
  }
}

const REPLAYED =
  "This Idempotency-Key has made an API key before, which is shown here without its secret. If the secret is lost, revoke that key and make a new one.";

function idempotencyFaults(value: string | null): readonly FieldError[] {
  if (value === null || /^[\x21-\x7e]{1,255}$/.test(value)) return [];
  return [{ field: "Idempotency-Key", message: "This must have 1 to 255 visible ASCII characters." }];
}

interface Parts {
  readonly role: RoleDetails;
  /** In the order in which they were given. */
  readonly lists: readonly AllowListDetails[];
}

async function resolve(
  ports: AdminPorts,
  request: AuthorizedRequest,
  spec: {
    readonly role_id?: string | null | undefined;
    readonly allow_list_info?: readonly string[] | null | undefined;
  },
): Promise<Parts | { readonly faults: readonly FieldError[] }> {
  const [role, found] = await Promise.all([
    findRole(ports, request, spec.role_id ?? null),
    findLists(ports, request, spec.allow_list_info ?? []),
  ]);
  const errors: FieldError[] = typeof role === "string" ? [{ field: "role_id", message: role }] : [];
  if ("faults" in found) errors.push(...found.faults);
  if (typeof role === "string" || "faults" in found) return { faults: errors };
  return { role, lists: found.lists };
}

/** The role, or what is wrong with it. */
async function findRole(
  ports: AdminPorts,
  request: AuthorizedRequest,
  roleId: string | null,
): Promise<RoleDetails | string> {
  const accountId = request.principal.accountId;
  if (roleId !== null) return (await ports.roles.get(accountId, roleId)) ?? "There is no such role.";
  if (ports.defaultKeyRole === null) return "This is required: no default role is configured.";
  const role = await ports.roles.getByName(accountId, ports.defaultKeyRole);
  return role ?? "This is required: the default role that is configured does not exist in this account.";
}
