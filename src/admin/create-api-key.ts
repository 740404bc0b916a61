// How an API key is made: what is asked for is resolved, weighed against the power of whoever asks, minted and written.
// The secret goes into the answer, this once, and nowhere else.
import { excessOfKey } from "../core/authority.ts";
import type { Fault } from "../core/envelope.ts";
import { mintKey } from "../core/token.ts";
import type { AllowListDetails, NewKey, RoleDetails } from "../store/ports.ts";
import { answer, answerError, answerExcess, answerInvalid } from "./answers.ts";
import { viewKey } from "./api-key-view.ts";
import { readBody } from "./body.ts";
import type { AdminCall, AdminPorts } from "./call.ts";
import { ApiKeySpec } from "./contract.ts";
import { actorOf, changed } from "./handler.ts";
import { findLists } from "./key-terms.ts";
import { grantOf } from "./role-view.ts";

const HOUR_MS = 3_600_000;

export async function createApiKey(ports: AdminPorts, call: AdminCall): Promise<Response> {
  const replayKey = call.request.headers.get("idempotency-key");
  const body = await readBody(call, ApiKeySpec, { faults: idempotencyFaults(replayKey) });
  if (body instanceof Response) return body;
  const spec = body.value;
  const parts = await resolve(ports, call, spec);
  if ("faults" in parts) return answerInvalid(call, parts.faults);
  const { role, lists } = parts;
  const expiresAt = spec.expire_after_hours === 0 ? null : call.now + spec.expire_after_hours * HOUR_MS;
  const rules = lists.length === 0 ? null : lists.flatMap((list) => list.rules);
  const excess = excessOfKey(call.principal, { grant: grantOf(role), expiresAt, rules });
  if (excess.length > 0) return answerExcess(call, excess);
  const accountId = call.principal.accountId;
  const id = crypto.randomUUID();
  const { token, hash } = await mintKey(ports.ring, { keyId: id, accountId, expiresAt, now: call.now });
  return write(ports, call, token, {
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

async function write(ports: AdminPorts, call: AdminCall, token: string, key: NewKey): Promise<Response> {
  const result = await ports.keys.create(key, actorOf(call), call.now);
  switch (result.outcome) {
    case "created":
      changed(ports, call, result.key.id, "created");
      return answer({ data: viewKey(result.key, call.now), jwt: token });
    case "replayed":
      call.log.set({ resource_id: result.key.id });
      return answerError(call, 409, "idempotency_key_used", REPLAYED, {
        beside: { data: viewKey(result.key, call.now) },
      });
    case "reference_gone":
      return answerError(call, 409, "reference_gone", "The role or an IP allow list was deleted meanwhile.");
  }
}

const REPLAYED =
  "This Idempotency-Key has made an API key before, which is shown here without its secret. If the secret is lost, revoke that key and make a new one.";

function idempotencyFaults(value: string | null): readonly Fault[] {
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
  call: AdminCall,
  spec: {
    readonly role_id?: string | null | undefined;
    readonly allow_list_info?: readonly string[] | null | undefined;
  },
): Promise<Parts | { readonly faults: readonly Fault[] }> {
  const [role, found] = await Promise.all([
    findRole(ports, call, spec.role_id ?? null),
    findLists(ports, call, spec.allow_list_info ?? []),
  ]);
  const faults: Fault[] = typeof role === "string" ? [{ field: "role_id", message: role }] : [];
  if ("faults" in found) faults.push(...found.faults);
  if (typeof role === "string" || "faults" in found) return { faults };
  return { role, lists: found.lists };
}

/** The role, or what is wrong with it. */
async function findRole(ports: AdminPorts, call: AdminCall, roleId: string | null): Promise<RoleDetails | string> {
  const accountId = call.principal.accountId;
  if (roleId !== null) return (await ports.roles.get(accountId, roleId)) ?? "There is no such role.";
  if (ports.defaultKeyRole === null) return "This is required: no default role is configured.";
  const role = await ports.roles.getByName(accountId, ports.defaultKeyRole);
  return role ?? "This is required: the default role that is configured does not exist in this account.";
}
