// A search for planted secrets in everything that the process has stored, logged, answered and sent on.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bare, startBare } from "../support/bare.ts";
import { ACCOUNT, CLUSTERS, OTHER_ACCOUNT, PROJECT } from "../support/gatehouse.ts";
import { rawRequest, sendRaw } from "../support/raw.ts";

const TABLES = ["accounts", "roles", "allow_lists", "api_keys", "api_key_allow_lists", "key_changes", "audit_events"];
const KEYS = `/api/public/v1/accounts/${ACCOUNT}/api-keys`;

let bare: Bare;
const secrets: string[] = [];
const answers: string[] = [];
beforeAll(async () => {
  bare = await startBare({
    vars: { LOG_SAMPLE: "1", UPSTREAM_TIMEOUT_SECONDS: "0.3" },
    secrets: { UPSTREAM_AUTHORIZATION: "Bearer canary-of-the-upstream" },
  });
  secrets.push(
    ...spellings(JSON.parse(bare.secrets.KEY_RING)[Object.keys(JSON.parse(bare.secrets.KEY_RING))[0] ?? ""]),
  );
  secrets.push(JSON.parse(bare.secrets.IDENTITY_KEYS).keys[0].d, "canary-of-the-upstream");
  await makeCalls();
}, 60_000);
afterAll(() => bare.close());

/** A key is its whole text, and its payload and signature alone, which together would make it anew. */
function plant(token: string): string {
  secrets.push(token, ...token.split(".").slice(1));
  return token;
}

/** A secret of the ring as it is configured, and as bytes in the ways that bytes are written. */
function spellings(secret: string): readonly string[] {
  const bytes = Buffer.from(secret, "base64url");
  return [secret, bytes.toString("hex"), bytes.toString("base64"), bytes.toString("latin1"), bytes.join(",")];
}

async function say(token: string | null, method: string, path: string, body?: unknown): Promise<string> {
  const init =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const text = await (await bare.call(token, path, { method, ...init })).text();
  return text;
}

async function makeCalls(): Promise<void> {
  const admin = plant((await bare.key({ name: "canary" })).token);
  const created = await say(admin, "POST", KEYS, {
    name: "made-here",
    expire_after_hours: 0,
    role_id: "95b23b27-b36b-4c2e-b7b6-4a94ed7676e4",
  });
  const made = JSON.parse(created) as { data?: { jwt?: string; info?: { id?: string } }; jwt?: string };
  const jwt = made.data?.jwt ?? made.jwt;
  if (jwt === undefined) throw new Error(`no key was made: ${created.slice(0, 200)}`);
  plant(jwt);
  const states = [{ revokedAt: 1 }, { expiresAt: 1 }, { rules: ["203.0.113.0/24"] }, { role: "Viewer" as const }];
  const others = await Promise.all(states.map(async (state) => plant((await bare.key(state)).token)));
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
      answers.push(await say(token, method, path));
    }
    answers.push(await say(token, "POST", KEYS, { name: token, description: token, role_id: token }));
    await faultyCalls(token);
  }
  await bare.scheduled();
}

async function faultyCalls(token: string): Promise<void> {
  bare.upstream.answer((request) => request.socket.destroy());
  answers.push(await say(token, "GET", CLUSTERS));
  bare.upstream.answer(() => undefined);
  answers.push(await say(token, "GET", CLUSTERS));
  bare.upstream.answer(null);
  const lines = [`Authorization: Basic ${token}`, `X-Api-Key: ${token}`, `Cookie: ${token}`, `User-Agent: ${token}`];
  for (const line of lines) answers.push((await sendRaw(bare.port, rawRequest("GET /x HTTP/1.1", [line]))).text);
  const both = [
    `Authorization: Bearer ${token}`,
    `X-Token: ${token}`,
    `User-Agent: ${token}`,
    `Origin: https://${token}`,
  ];
  answers.push((await sendRaw(bare.port, rawRequest(`GET ${CLUSTERS} HTTP/1.1`, both))).text);
}

/** The planted secrets that stand in a text. */
const found = (text: string) =>
  secrets.filter((secret) => text.includes(secret)).map((secret) => secrets.indexOf(secret));

describe("planted secrets", () => {
  it("finds every planted secret in a text that contains it", () => {
    expect(secrets.length).toBeGreaterThan(20);
    for (const secret of secrets) expect(found(`before${secret}after`)).not.toEqual([]);
  });

  it("stores no planted secret in the database", async () => {
    for (const table of TABLES) {
      const { results } = await bare.env.DB.prepare(`SELECT * FROM ${table}`).all();
      if (["api_keys", "accounts", "key_changes"].includes(table)) expect(results).not.toEqual([]);
      expect(found(JSON.stringify(results)), table).toEqual([]);
    }
  });

  it("stores no planted secret in the KV copies", async () => {
    const { keys } = await bare.env.KEY_COPIES.list();
    expect(keys).not.toEqual([]);
    for (const { name } of keys) expect(found(name + (await bare.env.KEY_COPIES.get(name)))).toEqual([]);
  });

  it("logs no planted secret", async () => {
    const lines = await bare.logs();
    expect(lines.length).toBeGreaterThan(50);
    expect(lines.filter(({ text }) => found(text).length > 0)).toEqual([]);
  });

  it("answers a planted secret only in the response that created it", () => {
    expect(answers.length).toBeGreaterThan(50);
    expect(answers.filter((text) => found(text).length > 0)).toEqual([]);
  });

  it("forwards no planted secret but the upstream's own credential", () => {
    expect(bare.upstream.reached.length).toBeGreaterThan(10);
    const seen = JSON.stringify(bare.upstream.reached).replaceAll("Bearer canary-of-the-upstream", "");
    expect(found(seen)).toEqual([]);
  });
});
