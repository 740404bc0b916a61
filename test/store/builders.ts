// One builder per record; a test names only what it changes.

import { env } from "cloudflare:workers";
import type { KeyHash } from "../../src/core/access/principal.ts";
import { ADMIN, VIEWER } from "../../src/core/access/roles.ts";
import { toCanonicalCidr } from "../../src/core/ip/cidr.ts";
import { type KeyRing, readKeyRing } from "../../src/core/token/api-key-token.ts";
import type { NewAllowList } from "../../src/store/allow-lists/port.ts";
import { createAllowListRepository } from "../../src/store/allow-lists/repository.ts";
import type { ApiKeyDetails, ApiKeyFilter, NewApiKey } from "../../src/store/api-keys/port.ts";
import { createApiKeyRepository } from "../../src/store/api-keys/repository.ts";
import type { Actor } from "../../src/store/common.ts";
import type { NewEndpoint } from "../../src/store/endpoints/port.ts";
import { createEndpointRepository } from "../../src/store/endpoints/repository.ts";
import type { NewOperator } from "../../src/store/operators/port.ts";
import { createOperatorRepository } from "../../src/store/operators/repository.ts";
import type { RoleDefinition } from "../../src/store/roles/port.ts";
import { createRoleRepository } from "../../src/store/roles/repository.ts";
import { configureStore } from "../../src/store/store-config.ts";

export const NOW = Date.UTC(2026, 10, 23, 12);
export const HOUR = 3_600_000;
export const ACCOUNT = "531af27a-614c-472f-8edb-a0f9322f0838";
export const OTHER_ACCOUNT = "340af43a-8a7c-4659-9258-4876fd6a207b";
export const PROJECT = "78d4459c-0f45-47a5-899a-45ddf43eba6e";
export const ADMIN_ROLE = ADMIN.id;
export const VIEWER_ROLE = VIEWER.id;

function parseRing(json: string): KeyRing {
  const read = readKeyRing(json);
  if ("errors" in read) throw new Error(read.errors.join("; "));
  return read.ring;
}

export const db = env.DB;
/** The ring that authenticates audit events. */
export const RING = parseRing(JSON.stringify({ k1: "a".repeat(43) }));
configureStore(db, { ring: RING, blockedKeyIds: new Set(), issuers: new Set(["https://issuer.example.com"]) });
export const keys = createApiKeyRepository(db);
export const lists = createAllowListRepository(db);
export const roles = createRoleRepository(db);
export const endpoints = createEndpointRepository(db);
export const operators = createOperatorRepository(db);

export const ACTOR: Actor = {
  type: "API_KEY",
  id: "00000000-0000-4000-8000-00000000ac70",
  name: "root",
  address: "192.0.2.1",
  requestId: "req-1",
  // Without a row of its own: what it is authorized on is tested by itself.
  version: null,
  mapped: null,
  authorizedOn: [],
};

export async function makeAccounts(): Promise<void> {
  const insert = db.prepare("INSERT INTO accounts (id, name, created_at) VALUES (?, ?, ?)");
  await db.batch([insert.bind(ACCOUNT, "one", NOW), insert.bind(OTHER_ACCOUNT, "other", NOW)]);
}

function randomHash(): KeyHash {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("") as KeyHash;
}

export function newKey(changes: Partial<NewApiKey> = {}): NewApiKey {
  return {
    id: crypto.randomUUID(),
    accountId: ACCOUNT,
    hash: randomHash(),
    signingKeyId: "k1",
    name: "ci",
    description: "",
    roleId: VIEWER_ROLE,
    allowListIds: [],
    expireAfterHours: 0,
    expiresAt: null,
    idempotencyKey: null,
    ...changes,
  };
}

export async function makeKey(changes: Partial<NewApiKey> = {}, now = NOW, actor = ACTOR): Promise<ApiKeyDetails> {
  const created = await keys.create(newKey(changes), actor, now);
  if (created.outcome !== "created") throw new Error(created.outcome);
  return created.key;
}

export function newList(changes: Partial<NewAllowList> = {}): NewAllowList {
  return {
    id: crypto.randomUUID(),
    accountId: ACCOUNT,
    projectId: PROJECT,
    name: "office",
    description: "",
    rules: [toCanonicalCidr("192.0.2.0/24")],
    ...changes,
  };
}

export async function makeList(changes: Partial<NewAllowList> = {}, now = NOW) {
  const created = await lists.create(newList(changes), ACTOR, now);
  if (typeof created === "string") throw new Error(created);
  return created;
}

export function roleSpec(changes: Partial<RoleDefinition> = {}): RoleDefinition {
  return { displayName: "Backups", description: "", permissions: ["BACKUP:READ", "BACKUP:CREATE"], ...changes };
}

export async function makeRole(changes: Partial<RoleDefinition> = {}, now = NOW) {
  const created = await roles.create(ACCOUNT, crypto.randomUUID(), roleSpec(changes), ACTOR, now);
  if (typeof created === "string") throw new Error(created);
  return created;
}

export function newOperator(changes: Partial<NewOperator> = {}): NewOperator {
  const identity = { email: "ada@example.com", subject: null, issuer: null };
  const access = { name: "Ada", roleId: VIEWER_ROLE, expireAfterHours: 0, expiresAt: null };
  return { id: crypto.randomUUID(), accountId: ACCOUNT, ...identity, ...access, ...changes };
}

export async function makeOperator(changes: Partial<NewOperator> = {}, now = NOW) {
  const created = await operators.create(newOperator(changes), ACTOR, now);
  if (typeof created === "string") throw new Error(created);
  return created;
}

export function newEndpoint(changes: Partial<NewEndpoint> = {}): NewEndpoint {
  const spec = { name: "siem", url: "https://hooks.example.com/in?t=1", format: "standard", eventTypes: [] } as const;
  return { id: crypto.randomUUID(), accountId: ACCOUNT, ...spec, ...changes };
}

export async function makeEndpoint(changes: Partial<NewEndpoint> = {}, now = NOW) {
  const created = await endpoints.create(newEndpoint(changes), ACTOR, now);
  if (typeof created === "string") throw new Error(created);
  return created;
}

export function keyQuery(changes: Partial<ApiKeyFilter> = {}): ApiKeyFilter {
  return {
    accountId: ACCOUNT,
    name: null,
    roleId: null,
    createdById: null,
    signingKeyId: null,
    disabled: null,
    canary: null,
    statuses: [],
    order: "desc",
    limit: 100,
    continuationToken: null,
    ...changes,
  };
}

export async function count(table: string): Promise<number> {
  return (await db.prepare(`SELECT count(*) AS n FROM ${table}`).first<number>("n")) ?? -1;
}

/** The change log without its first line, which every database begins with. */
export async function changes() {
  const { results } = await db
    .prepare("SELECT key_id, version, role_id FROM key_changes WHERE seq > 1 ORDER BY seq")
    .all();
  return (results as { key_id: string | null; version: number; role_id: string | null }[]).map(
    ({ role_id, ...line }) => (role_id === null ? line : { ...line, role_id }),
  );
}

export async function events(): Promise<string[]> {
  const { results } = await db
    .prepare("SELECT event_type || '_' || resource_type AS event FROM audit_events ORDER BY seq")
    .all<{ event: string }>();
  return results.map((row) => row.event);
}
