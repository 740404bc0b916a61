// Searches everything that Gatehouse stores, logs, answers and forwards for planted secrets.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ACCOUNT, CLUSTERS, OTHER_ACCOUNT, PROJECT } from "../support/gatehouse.ts";
import { rawRequest, sendRaw } from "../support/raw.ts";
import { startWorkerdGateway, type WorkerdGateway } from "../support/workerd-gateway.ts";

const TABLES = ["accounts", "roles", "allow_lists", "api_keys", "api_key_allow_lists", "key_changes", "audit_events"];
const KEYS = `/api/public/v1/accounts/${ACCOUNT}/api-keys`;

let gateway: WorkerdGateway;
const secrets: string[] = [];
const responses: string[] = [];
beforeAll(async () => {
  gateway = await startWorkerdGateway({
    vars: { LOG_SAMPLE: "1", UPSTREAM_TIMEOUT_SECONDS: "0.3" },
    secrets: { UPSTREAM_AUTHORIZATION: "Bearer canary-of-the-upstream" },
  });
  secrets.push(
    ...spellings(JSON.parse(gateway.secrets.KEY_RING)[Object.keys(JSON.parse(gateway.secrets.KEY_RING))[0] ?? ""]),
  );
  secrets.push(JSON.parse(gateway.secrets.IDENTITY_KEYS).keys[0].d, "canary-of-the-upstream");
  await sendRequests();
}, 60_000);
afterAll(() => gateway.close());

/** Remembers a key as a secret: its whole text, and its payload and signature, from which it could be rebuilt. */
function plantKey(token: string): string {
  secrets.push(token, ...token.split(".").slice(1));
  return token;
}

/** A signing secret as configured, and its bytes in every common encoding. */
function spellings(secret: string): readonly string[] {
  const bytes = Buffer.from(secret, "base64url");
  return [secret, bytes.toString("hex"), bytes.toString("base64"), bytes.toString("latin1"), bytes.join(",")];
}

async function send(token: string | null, method: string, path: string, body?: unknown): Promise<string> {
  const init =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const text = await (await gateway.call(token, path, { method, ...init })).text();
  return text;
}

async function sendRequests(): Promise<void> {
  const admin = plantKey((await gateway.key({ name: "canary" })).token);
  const created = await send(admin, "POST", KEYS, {
    name: "made-here",
    expire_after_hours: 0,
    role_id: "95b23b27-b36b-4c2e-b7b6-4a94ed7676e4",
  });
  const made = JSON.parse(created) as { data?: { jwt?: string; info?: { id?: string } }; jwt?: string };
  const jwt = made.data?.jwt ?? made.jwt;
  if (jwt === undefined) throw new Error(`no key was made: ${created.slice(0, 200)}`);
  plantKey(jwt);
  const states = [{ revokedAt: 1 }, { expiresAt: 1 }, { rules: ["203.0.113.0/24"] }, { role: "Viewer" as const }];
  const others = await Promise.all(states.map(async (state) => plantKey((await gateway.key(state)).token)));
  for (const token of [admin, jwt, ...others]) {
    for (const [method, path] of [
      ["GET", CLUSTERS],
      ["DELETE", `${CLUSTERS}/c`],
      ["GET", KEYS],
      ["GET", `${KEYS}/nobody`],
      ["GET", `/x/${token}`],
      ["GET", `/x?access_token=${token}`],
      ["GET", `/api/public/v1/accounts/${OTHER_ACCOUNT}/projects`],
      ["GET", `/api/public/v1/accounts/${ACCOUNT}/projects/${PROJECT}/allow-lists`],
      ["PROPFIND", "/x"],
    ] as const) {
      responses.push(await send(token, method, path));
    }
    responses.push(await send(token, "POST", KEYS, { name: token, description: token, role_id: token }));
    await sendFailingRequests(token);
  }
  await gateway.scheduled();
}

async function sendFailingRequests(token: string): Promise<void> {
  gateway.upstream.answer((request) => request.socket.destroy());
  responses.push(await send(token, "GET", CLUSTERS));
  gateway.upstream.answer(() => undefined);
  responses.push(await send(token, "GET", CLUSTERS));
  gateway.upstream.answer(null);
  const lines = [`Authorization: Basic ${token}`, `X-Api-Key: ${token}`, `Cookie: ${token}`, `User-Agent: ${token}`];
  for (const line of lines) responses.push((await sendRaw(gateway.port, rawRequest("GET /x HTTP/1.1", [line]))).text);
  const both = [
    `Authorization: Bearer ${token}`,
    `X-Token: ${token}`,
    `User-Agent: ${token}`,
    `Origin: https://${token}`,
  ];
  responses.push((await sendRaw(gateway.port, rawRequest(`GET ${CLUSTERS} HTTP/1.1`, both))).text);
}

/** The indexes of the planted secrets that a text contains. */
const secretsIn = (text: string) =>
  secrets.filter((secret) => text.includes(secret)).map((secret) => secrets.indexOf(secret));

describe("planted secrets", () => {
  it("finds every planted secret in a text that contains it", () => {
    expect(secrets.length).toBeGreaterThan(20);
    for (const secret of secrets) expect(secretsIn(`before${secret}after`)).not.toEqual([]);
  });

  it("stores no planted secret in the database", async () => {
    for (const table of TABLES) {
      const { results } = await gateway.env.DB.prepare(`SELECT * FROM ${table}`).all();
      if (["api_keys", "accounts", "key_changes"].includes(table)) expect(results).not.toEqual([]);
      expect(secretsIn(JSON.stringify(results)), table).toEqual([]);
    }
  });

  it("stores no planted secret in the KV copies", async () => {
    const { keys } = await gateway.env.KEY_COPIES.list();
    expect(keys).not.toEqual([]);
    for (const { name } of keys) expect(secretsIn(name + (await gateway.env.KEY_COPIES.get(name)))).toEqual([]);
  });

  it("logs no planted secret", async () => {
    const lines = await gateway.logs();
    expect(lines.length).toBeGreaterThan(50);
    expect(lines.filter(({ text }) => secretsIn(text).length > 0)).toEqual([]);
  });

  it("answers a planted secret only in the response that created it", () => {
    expect(responses.length).toBeGreaterThan(50);
    expect(responses.filter((text) => secretsIn(text).length > 0)).toEqual([]);
  });

  it("forwards no planted secret but the upstream's own credential", () => {
    expect(gateway.upstream.reached.length).toBeGreaterThan(10);
    const seen = JSON.stringify(gateway.upstream.reached).replaceAll("Bearer canary-of-the-upstream", "");
    expect(secretsIn(seen)).toEqual([]);
  });
});
