// Odd input at every operation that Gatehouse serves: bodies, queries, paths and headers of every type and size. Each is accepted
// or answered with a 4xx and a sentence; none is an internal error.
import { afterEach, beforeEach, expect, it } from "vitest";
import { AllowListQuery } from "../../src/admin/allow-lists/schema.ts";
import { ApiKeyListQuery } from "../../src/admin/api-keys/schema.ts";
import { AuditExportQuery, AuditQuery } from "../../src/admin/audit/schema.ts";
import { RefusalQuery } from "../../src/admin/denials/schema.ts";
import { OperatorListQuery } from "../../src/admin/operators/schema.ts";
import { RoleListQuery } from "../../src/admin/roles/schema.ts";
import { OPERATIONS } from "../../src/core/routing/operations.ts";
import { ACCOUNT, makeAccounts, PROJECT, VIEWER_ROLE } from "../store/builders.ts";
import { isDocumented } from "../support/documented.ts";
import { ODD, ODD_BODIES, ODD_TEXTS } from "../support/odd-values.ts";
import type { SeededKey } from "../support/seed.ts";
import { startGateway, stopGateways, type TestGateway } from "./worker-harness.ts";

let gateway: TestGateway;
let admin: SeededKey;
beforeEach(async () => {
  await makeAccounts();
  gateway = await startGateway();
  admin = await gateway.key({ name: "admin" });
});
afterEach(stopGateways);

const BASE = `/api/public/v1/accounts/${ACCOUNT}`;
const LISTS = `${BASE}/projects/${PROJECT}/allow-lists`;
const OWN = OPERATIONS.filter(({ handledBy }) => handledBy === "gatehouse");
const pathWith = (path: string, id: string) =>
  path.replaceAll(/\{\w+\}/g, (name) => (name === "{accountId}" ? ACCOUNT : id));

interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What is wrong with the answer to a call; `null`: nothing. */
async function faultOf({ method, path, body, headers = {} }: Call): Promise<string | null> {
  const type: Record<string, string> = body === undefined ? {} : { "content-type": "application/json" };
  const init = { method, headers: { ...type, ...headers }, ...(body === undefined ? {} : { body }) };
  const response = await gateway.call(admin.token, path, init);
  const text = new TextDecoder().decode(await response.arrayBuffer());
  if (!isDocumented(method, path, response.status)) return `${response.status} undocumented: ${method} ${path}`;
  if (response.status < 400) return null;
  const { error } = JSON.parse(text) as { error?: { status: number; detail: string; code: string } };
  const isSentence = /^[A-Z]/.test(error?.detail ?? "") && (error?.detail.length ?? 0) < 5_000;
  const isAnswer = response.status < 500 && error?.status === response.status && isSentence;
  if (isAnswer && /^[a-z_]+$/.test(error.code)) return null;
  return `${text} for ${method} ${path} ${body ?? ""} ${JSON.stringify(headers)}`.slice(0, 600);
}

/** Some at a time, so that changes meet each other as well. */
async function faultsOf(calls: readonly Call[]): Promise<readonly string[]> {
  const faults: (string | null)[] = [];
  for (let i = 0; i < calls.length; i += 8) {
    faults.push(...(await Promise.all(calls.slice(i, i + 8).map(faultOf))));
    await gateway.finishBackgroundWork();
  }
  return faults.filter((fault) => fault !== null);
}

async function create(path: string, body: unknown): Promise<string> {
  const init = { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const response = await gateway.call(admin.token, path, init);
  const { data } = (await response.json()) as { data: { info: { id: string } } };
  return data.info.id;
}

const READ = [{ resource_type: "BACKUP", operation_groups: [{ operation_group: "READ" }] }];
const ROLE = { name: "Reader", description: "d", permissions: READ };

/** A valid body of each operation that takes one. */
async function validBodies(): Promise<readonly (readonly [method: string, path: string, body: unknown])[]> {
  const list = await create(LISTS, { name: "office", allow_list: ["192.0.2.7"] });
  const role = await create(`${BASE}/roles`, ROLE);
  const key = await create(`${BASE}/api-keys`, { name: "ci", expire_after_hours: 1, role_id: VIEWER_ROLE });
  const operator = await create(`${BASE}/operators`, { name: "Ada", email: "ada@example.com", role_id: VIEWER_ROLE });
  const terms = { role_id: role, allow_list_info: [list] };
  const simulated = { api_key_id: key, address: "192.0.2.7", method: "GET", path: `${BASE}/roles` };
  return [
    ["POST", `${BASE}/api-keys`, { name: "k", description: "d", expire_after_hours: 1, ...terms }],
    ["PUT", `${BASE}/api-keys/${key}/trial`, terms],
    ["POST", `${BASE}/api-keys/explain`, simulated],
    ["POST", `${BASE}/api-keys/explain`, { request_id: "a-1" }],
    ["POST", LISTS, { name: "l", description: "d", allow_list: ["192.0.2.7"] }],
    ["POST", `${BASE}/roles`, { ...ROLE, name: "Other" }],
    ["PUT", `${BASE}/roles/${role}`, ROLE],
    ["POST", `${BASE}/operators`, { name: "o", email: "o@example.com", role_id: role, expire_after_hours: 1 }],
    ["POST", `${BASE}/operators`, { name: "o", subject: "s", issuer: "https://i.example", role_id: role }],
    ["PUT", `${BASE}/operators/${operator}`, { name: "Ada", role_id: role, expire_after_hours: 1 }],
    ["POST", `${BASE}/api-keys/${key}/revoke`, { force: false }],
  ];
}

/** Every text of a JSON value in which one part is replaced, or one member added. */
function changesOf(value: unknown, odd: string): readonly string[] {
  if (typeof value !== "object" || value === null) return [odd];
  const entries = Object.entries(value).map(([name, part]) => [name, JSON.stringify(part), part] as const);
  const write = (texts: readonly (readonly [string, string])[]) =>
    Array.isArray(value)
      ? `[${texts.map(([, text]) => text).join(",")}]`
      : `{${texts.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(",")}}`;
  const own = entries.map(([name, text]) => [name, text] as const);
  const inner = entries.flatMap(([changed, , part]) =>
    changesOf(part, odd).map((text) => write(own.map(([name, kept]) => [name, name === changed ? text : kept]))),
  );
  return [odd, ...inner, write([...own, ["odd", odd]])];
}

it("answers every body with one odd part, of every operation", { timeout: 120_000 }, async () => {
  const calls = (await validBodies()).flatMap(([method, path, body]) => [
    ...ODD.flatMap((odd) => changesOf(body, odd).map((text) => ({ method, path, body: text }))),
    ...ODD_BODIES.map((text) => ({ method, path, body: text })),
  ]);
  expect(calls.length).toBeGreaterThan(1_000);
  expect(await faultsOf(calls)).toEqual([]);
});

const QUERIES = {
  [`${BASE}/api-keys`]: ApiKeyListQuery,
  [`${BASE}/roles`]: RoleListQuery,
  [`${BASE}/operators`]: OperatorListQuery,
  [LISTS]: AllowListQuery,
  [`${BASE}/audit/events`]: AuditQuery,
  [`${BASE}/audit/events/export`]: AuditExportQuery,
  [`${BASE}/audit/refusals`]: RefusalQuery,
};
it("answers every odd text of every query parameter", { timeout: 60_000 }, async () => {
  const calls = Object.entries(QUERIES).flatMap(([path, schema]) =>
    Object.keys(schema.shape).flatMap((name) =>
      ODD_TEXTS.map((text) => ({ method: "GET", path: `${path}?${name}=${text}` })),
    ),
  );
  const queries = ["", "&", "=", "%00=1", "a", "limit=1?limit=2", "limit=1%26limit=2", "a=1&".repeat(1_000)];
  calls.push(...queries.map((query) => ({ method: "GET", path: `${BASE}/api-keys?${query}` })));
  expect(await faultsOf(calls)).toEqual([]);
});

it("rejects a time whose day its month does not have", async () => {
  for (const day of [
    "2026-02-29",
    "2026-02-30",
    "2026-04-31",
    "2026-13-01",
    "2026-00-10",
    "2026-01-00",
    "2026-01-32",
  ]) {
    const response = await gateway.call(admin.token, `${BASE}/audit/events?start_timestamp=${day}T00:00:00Z`);
    expect([day, response.status]).toEqual([day, 400]);
  }
  const leap = await gateway.call(admin.token, `${BASE}/audit/events?start_timestamp=2028-02-29T23:59:59%2B14:00`);
  expect(leap.status).toBe(200);
});

it("answers every odd id in every path", { timeout: 60_000 }, async () => {
  const ids = ["x", "0", "-", "~", "@", "a:b", "null", "__proto__", "constructor", "'", "(1)", "*", "x".repeat(1_500)];
  ids.push("00000000-0000-0000-0000-000000000000", "531AF27A-614C-472F-8EDB-A0F9322F0838");
  const calls = OWN.flatMap(({ method, path }) =>
    ids.map((id) => ({ method, path: pathWith(path, id), ...(/GET|DELETE/.test(method) ? {} : { body: "{}" }) })),
  );
  expect(await faultsOf(calls)).toEqual([]);
});

it("answers odd headers, and bodies that are missing or not taken", { timeout: 60_000 }, async () => {
  const odd = ["", " ", "x", "*", '"', 'W/"1"', '"1","2"', "\x7f", ",", "x".repeat(8_000)];
  const names = ["if-match", "if-none-match", "idempotency-key", "content-type", "content-encoding", "accept", "range"];
  const body = JSON.stringify({ name: "k", expire_after_hours: 1, role_id: VIEWER_ROLE });
  const key = await create(`${BASE}/api-keys`, { name: "ci", expire_after_hours: 1, role_id: VIEWER_ROLE });
  const targets = [
    { method: "POST", path: `${BASE}/api-keys`, body },
    { method: "PUT", path: `${BASE}/api-keys/${key}/trial`, body: JSON.stringify({ role_id: VIEWER_ROLE }) },
    { method: "GET", path: `${BASE}/audit/events` },
  ];
  const calls: Call[] = targets.flatMap((target) =>
    names.flatMap((name) => odd.map((value) => ({ ...target, headers: { [name]: value } }))),
  );
  for (const { method, path } of OWN.filter((each) => each.method !== "GET")) {
    calls.push(
      { method, path: pathWith(path, PROJECT) },
      { method, path: pathWith(path, PROJECT), body: "[".repeat(60_000) },
    );
  }
  expect(await faultsOf(calls)).toEqual([]);
});
