// Canary keys over a real socket: they never open, tell a client nothing, and their use arrives as an alarm.
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ACCOUNT, CLUSTERS } from "../support/gatehouse.ts";
import { rawRequest, sendRaw } from "../support/raw.ts";
import { ROLE_IDS, type SeededKey } from "../support/seed.ts";
import { startWorkerdGateway, type WorkerdGateway } from "../support/workerd-gateway.ts";

const V1 = `/api/public/v1/accounts/${ACCOUNT}`;
const KEYS = `${V1}/api-keys`;

let gateway: WorkerdGateway;
let admin: SeededKey;
let server: ReturnType<typeof createServer>;
const received: { readonly headers: Record<string, string>; readonly body: string }[] = [];

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of request) text += part;
  return text;
}

beforeAll(async () => {
  server = createServer(async (request, response) => {
    received.push({ headers: request.headers as Record<string, string>, body: await textOf(request) });
    response.writeHead(200).end();
  });
  await new Promise<void>((resume) => void server.listen(0, "127.0.0.1", resume));
  gateway = await startWorkerdGateway({
    vars: { ALLOW_LOOPBACK_ENDPOINTS: "true", ALLOW_WEBSOCKETS: "true" },
    worker: { cf: { country: "NZ" } },
  });
  admin = await gateway.key({ name: "admin" });
});
afterAll(async () => {
  await gateway.close();
  server.close();
});

async function ask(method: string, path: string, body?: unknown) {
  const json =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const response = await gateway.call(admin.token, path, { method, ...json });
  // biome-ignore lint/suspicious/noExplicitAny: a test reads members of any response
  return { status: response.status, body: (await response.json()) as any };
}

let made = 0;
async function create(changes: Readonly<Record<string, unknown>> = {}) {
  const spec = { name: `honey-${++made}`, expire_after_hours: 240, role_id: ROLE_IDS.Admin, canary: true, ...changes };
  const { status, body } = await ask("POST", KEYS, spec);
  expect(status).toBe(200);
  return { token: body.jwt as string, id: body.data.info.id as string, path: `${KEYS}/${body.data.info.id}` };
}

it("delivers the use of a canary key to a receiver at once, with address, country and request", async () => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/alarms`;
  const spec = { name: "alarms", url, event_types: ["api_key.canary"] };
  const { secret } = (await ask("POST", `${V1}/endpoints`, spec)).body;
  const canary = await create();
  const headers = { "cf-connecting-ip": "198.51.100.7" };
  const denied = await gateway.call(canary.token, `${CLUSTERS}?key=value`, { method: "POST", headers });
  expect(denied.status).toBe(401);
  expect(gateway.upstream.reached).toEqual([]);
  await expect.poll(() => received.length, { timeout: 20_000, interval: 50 }).toBe(1);
  const [{ body, headers: signed } = { body: "", headers: {} }] = received;
  const event = new Webhook(secret).verify(body, signed) as { readonly type: string; readonly data: object };
  expect(event.type).toBe("api_key.canary");
  expect(event.data).toMatchObject({
    ...{ event_name: "Used Canary API Key", entity_id: canary.id, address: "198.51.100.7", actor: { type: "SYSTEM" } },
    request_id: denied.headers.get("gatehouse-request-id"),
    detail: {
      country: "NZ",
      network: "198.51.100.0/24",
      method: "POST",
      path: CLUSTERS,
      operation_id: "createCluster",
    },
  });
  expect(body).not.toContain(canary.token.split(".")[2]);
});

it("writes one event of a flood from one address", async () => {
  const canary = await create();
  const statuses = new Set<number>();
  for (let i = 0; i < 20; i++) {
    const sent = Array.from({ length: 10 }, () => gateway.call(canary.token, CLUSTERS));
    for (const { status } of await Promise.all(sent)) statuses.add(status);
  }
  expect([...statuses]).toEqual([401]);
  const events = async () => (await ask("GET", `${V1}/audit/events?event_type=CANARY&search=${canary.id}`)).body.data;
  await expect.poll(async () => (await events()).length, { timeout: 10_000 }).toBe(1);
});

const REQUESTS: readonly (readonly [name: string, requestLine: string, ...headers: string[]])[] = [
  ["a read", `GET ${CLUSTERS} HTTP/1.1`],
  ["the same read again", `GET ${CLUSTERS} HTTP/1.1`],
  ["a HEAD request", `HEAD ${CLUSTERS} HTTP/1.1`],
  ["a change", `POST ${CLUSTERS} HTTP/1.1`, "Content-Length: 0"],
  ["the same change again", `POST ${CLUSTERS} HTTP/1.1`, "Content-Length: 0"],
  ["an operation of Gatehouse's own", `GET ${KEYS} HTTP/1.1`],
  ["who am I", "GET /api/public/v1/auth/self HTTP/1.1"],
  ["an unknown path", "GET /v1/models HTTP/1.1"],
  ["a path with a slash at its end", `GET ${KEYS}/ HTTP/1.1`],
  ["an address that is not readable", `GET ${CLUSTERS} HTTP/1.1`, "CF-Connecting-IP: ?"],
  [
    "a WebSocket",
    `GET ${CLUSTERS} HTTP/1.1`,
    ...["Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="],
    "Connection: upgrade",
  ],
];

/** The bytes of a response without what differs between two requests of one client. */
async function answer(token: string, requestLine: string, headers: readonly string[]): Promise<string> {
  const lines = [`Authorization: Bearer ${token}`, ...headers];
  const { text } = await sendRaw(gateway.port, rawRequest(requestLine, lines), { quietMs: 1_000 });
  const id = /gatehouse-request-id: (\S+)/i.exec(text)?.[1] ?? "no id";
  return text
    .replaceAll(id, "the-id")
    .replace(/^date: .*$/im, "")
    .replace(/^content-length: \d+$/im, "");
}

it("answers a canary key byte for byte as a revoked key, which ends at the same time", async () => {
  const expiresAt = Math.floor(Date.now() / 1_000) * 1_000 + 10 * 86_400_000 + 3_600_000;
  const canary = await gateway.key({ canary: true, expiresAt });
  const revoked = await gateway.key({ revokedAt: Date.now(), expiresAt });
  for (const [name, requestLine, ...headers] of REQUESTS) {
    const [wanted, got] = [
      await answer(revoked.token, requestLine, headers),
      await answer(canary.token, requestLine, headers),
    ];
    expect(wanted, name).toMatch(/^HTTP\/1\.1 40[134]/);
    expect(got, name).toBe(wanted);
    expect(got.toLowerCase()).not.toContain("canary");
  }
  // The signature of neither says more.
  expect(canary.token.length - revoked.token.length).toBe(0);
});

it("shows a canary key to those who manage keys, as revoked for Aeon's clients", async () => {
  const canary = await create();
  const { body } = await ask("GET", canary.path);
  expect(body.data.info).toMatchObject({
    ...{ canary: true, status: "REVOKED", unusable_reason: "canary", disabled_at_time: null, revoked_at_time: null },
  });
  const ids = async (query: string) =>
    (await ask("GET", `${KEYS}?${query}`)).body.data.map(({ info }: { info: { id: string } }) => info.id);
  expect(await ids("canary=true")).toContain(canary.id);
  for (const query of ["canary=false", "disabled=true", "status=ACTIVE"])
    expect(await ids(query)).not.toContain(canary.id);
  expect((await ask("GET", `${KEYS}?canary=yes`)).status).toBe(400);
  const denied = await gateway.call(canary.token, CLUSTERS);
  const request_id = denied.headers.get("gatehouse-request-id");
  const explained = (await ask("POST", `${KEYS}/explain`, { request_id })).body.data;
  expect([explained.reason, explained.now.reason]).toEqual(["key_canary", "key_canary"]);
  expect((await gateway.logs()).some(({ reason, key_id }) => reason === "key_canary" && key_id === canary.id)).toBe(
    true,
  );
});

it("neither enables, disables nor rotates a canary key, tries no dry run on it, and edits and revokes it", async () => {
  const canary = await create();
  for (const [method, path, body] of [
    ["POST", "/enable"],
    ["POST", "/disable"],
    ["POST", "/rotate", { overlap_hours: 1 }],
    ["PUT", "/trial", { role_id: ROLE_IDS.Viewer }],
  ] as const) {
    const answered = await ask(method, canary.path + path, body);
    expect([path, answered.status, answered.body.error?.code]).toEqual([path, 409, "key_canary"]);
  }
  const edited = await ask("PATCH", canary.path, { name: "bait", description: "in the wiki" });
  expect(edited.body.data).toMatchObject({ spec: { name: "bait" }, info: { canary: true, unusable_reason: "canary" } });
  expect((await gateway.call(canary.token, CLUSTERS)).status).toBe(401);
  const revoked = await ask("POST", `${canary.path}/revoke`);
  expect(revoked.body.data.info.revoked_at_time).not.toBeNull();
});

it("never counts a canary key as one that manages keys, and revokes it with many only when it is named", async () => {
  const alone = await startWorkerdGateway();
  try {
    const first = await alone.key({ name: "first" });
    await alone.key({ name: "honey", canary: true });
    const post = async (path: string, body: object) => {
      const headers = { "content-type": "application/json" };
      const response = await alone.call(first.token, path, { method: "POST", body: JSON.stringify(body), headers });
      // biome-ignore lint/suspicious/noExplicitAny: a test reads members of any response
      return (await response.json()) as any;
    };
    expect((await post(`${KEYS}/${first.id}/revoke`, {})).error.code).toBe("last_manager");
    const count = async (filter: object) => (await post(`${KEYS}/revoke`, { filter })).data.count;
    expect(await count({ role_id: ROLE_IDS.Admin })).toBe(0);
    expect(await count({ not_used_since: new Date(Date.now() + 60_000).toISOString() })).toBe(0);
    expect(await count({ api_key_name: "honey" })).toBe(1);
  } finally {
    await alone.close();
  }
});

it("marks a canary key that is reported as leaked, and revokes it by the policy", async () => {
  const canary = await create();
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ token: canary.token });
  expect((await gateway.call(null, "/.well-known/gatehouse/leaks", { method: "POST", headers, body })).status).toBe(
    200,
  );
  const { info } = (await ask("GET", canary.path)).body.data;
  expect(info).toMatchObject({ canary: true, compromised_on: expect.any(String), revoked_at_time: expect.any(String) });
});
