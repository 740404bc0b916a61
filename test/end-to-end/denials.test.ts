// The door over a real socket: every reason for which a call is refused, and all that its caller is told.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { newKeyRing } from "../../scripts/secrets.ts";
import { mintKey, readKeyRing } from "../../src/core/token/api-key-token.ts";
import { type Bare, startBare } from "../support/bare.ts";
import { ACCOUNT, CLUSTERS, OTHER_ACCOUNT } from "../support/gatehouse.ts";
import { rawRequest, sendRaw } from "../support/raw.ts";

const REALM = 'Bearer realm="gatehouse"';
const DENIED = "d0d0d0d0-0000-4000-8000-000000000001";

let bare: Bare;
let viewer: string;
beforeAll(async () => {
  bare = await startBare({ vars: { ALLOWED_HOSTS: "api.example.com", BLOCKED_KEY_IDS: DENIED } });
  viewer = (await bare.key({ role: "Viewer" })).token;
});
afterAll(() => bare.close());
beforeEach(() => bare.upstream.reset());

interface Case {
  readonly title: string;
  readonly token?: () => Promise<string> | string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  /** `null`: no such header. */
  readonly challenge: string | null;
}

const INVALID = { status: 401, code: "invalid_token", detail: "Invalid JWT" };
const INVALID_TOKEN = `${REALM}, error="invalid_token"`;

async function otherRing(): Promise<string> {
  const read = readKeyRing(newKeyRing(new Date()));
  if ("errors" in read) throw new Error("no ring");
  return (await mintKey(read.ring, { keyId: "k", accountId: ACCOUNT, expiresAt: null, now: Date.now() })).token;
}

async function notStored(): Promise<string> {
  const read = readKeyRing(bare.secrets.KEY_RING);
  if ("errors" in read) throw new Error("no ring");
  return (await mintKey(read.ring, { keyId: "k", accountId: ACCOUNT, expiresAt: null, now: Date.now() })).token;
}

async function denied(): Promise<string> {
  const key = await bare.key();
  await bare.env.DB.prepare("UPDATE api_keys SET id = ? WHERE id = ?").bind(DENIED, key.id).run();
  return key.token;
}

const CASES: readonly Case[] = [
  {
    title: "path_not_canonical: an encoded letter",
    path: "/%61pi/public/v1/ping",
    status: 400,
    code: "path_not_canonical",
    detail: "The path is not in canonical form.",
    challenge: null,
  },
  {
    title: "method_not_allowed: a verb that no operation has",
    method: "PROPFIND",
    status: 405,
    code: "method_not_allowed",
    detail: "This method is not allowed here.",
    challenge: null,
  },
  {
    title: "method_not_allowed: a path of Gatehouse's own with another method",
    method: "DELETE",
    path: `/api/public/v1/accounts/${ACCOUNT}/api-keys`,
    status: 405,
    code: "method_not_allowed",
    detail: "This method is not allowed here.",
    challenge: null,
  },
  {
    title: "not_found: a path that Gatehouse keeps for itself",
    path: "/.well-known/gatehouse/nothing",
    status: 404,
    code: "not_found",
    detail: "Requested API not found",
    challenge: null,
  },
  {
    title: "upgrade_not_enabled: any upgrade",
    headers: { upgrade: "websocket", connection: "upgrade, close" },
    status: 501,
    code: "upgrade_not_enabled",
    detail: "Upgrading the connection is not enabled.",
    challenge: null,
  },
  {
    title: "preflight_origin_not_allowed: a page that is not on the list",
    method: "OPTIONS",
    headers: { origin: "https://evil.example", "access-control-request-method": "GET" },
    status: 403,
    code: "preflight_origin_not_allowed",
    detail: "This origin may not call.",
    challenge: null,
  },
  {
    title: "credential_missing",
    token: () => "",
    status: 401,
    code: "credential_missing",
    detail: "Authorization required",
    challenge: REALM,
  },
  {
    title: "credential_malformed: two carriers",
    headers: { "x-api-key": "x" },
    status: 400,
    code: "credential_malformed",
    detail: "Send the credential in the Authorization header alone.",
    challenge: `${REALM}, error="invalid_request"`,
  },
  {
    title: "credential_malformed: a list",
    token: () => "a, Bearer b",
    status: 400,
    code: "credential_malformed",
    detail: "Send one Authorization header with one credential.",
    challenge: `${REALM}, error="invalid_request"`,
  },
  {
    title: "credential_malformed: spacing",
    token: () => " a",
    status: 400,
    code: "credential_malformed",
    detail: "Send the scheme, one space, and the key.",
    challenge: `${REALM}, error="invalid_request"`,
  },
  {
    title: "scheme_not_bearer",
    headers: { authorization: "Basic YTpi" },
    token: () => "",
    status: 401,
    code: "scheme_not_bearer",
    detail: "Invalid JWT",
    challenge: REALM,
  },
  { title: "token_malformed", token: () => "null", ...INVALID, challenge: INVALID_TOKEN },
  { title: "signature_invalid: another ring", token: otherRing, ...INVALID, challenge: INVALID_TOKEN },
  { title: "key_unknown: well signed, not stored", token: notStored, ...INVALID, challenge: INVALID_TOKEN },
  {
    title: "key_revoked",
    token: async () => (await bare.key({ revokedAt: 1 })).token,
    status: 401,
    code: "key_revoked",
    detail: "Invalid JWT",
    challenge: `${INVALID_TOKEN}, error_description="The API key was revoked"`,
  },
  {
    title: "key_expired",
    token: async () => (await bare.key({ expiresAt: Date.now() - 1 })).token,
    status: 401,
    code: "key_expired",
    detail: "JWT has expired",
    challenge: `${INVALID_TOKEN}, error_description="The API key has expired"`,
  },
  {
    title: "key_denied: on the break-glass list",
    token: denied,
    status: 401,
    code: "key_denied",
    detail: "Invalid JWT",
    challenge: `${INVALID_TOKEN}, error_description="The API key is blocked"`,
  },
  {
    title: "address_not_allowed",
    token: async () => (await bare.key({ rules: ["203.0.113.0/24"] })).token,
    status: 403,
    code: "address_not_allowed",
    detail: "This API key may not be used from your network.",
    challenge: null,
  },
  {
    title: "account_mismatch: another tenant",
    path: `/api/public/v1/accounts/${OTHER_ACCOUNT}/projects`,
    status: 404,
    code: "account_mismatch",
    detail: "Account not found",
    challenge: null,
  },
  {
    title: "permission_missing: a known operation",
    method: "DELETE",
    path: `${CLUSTERS}/c1`,
    status: 403,
    code: "permission_missing",
    detail: "The role of this API key does not have the permission CLUSTER:DELETE.",
    challenge: `${REALM}, error="insufficient_scope"`,
  },
  {
    title: "permission_missing: an operation that nobody knows",
    path: "/api/public/v9/anything",
    status: 403,
    code: "permission_missing",
    detail: "The role of this API key does not cover operations that Gatehouse does not know.",
    challenge: `${REALM}, error="insufficient_scope"`,
  },
];

describe("a refused call", () => {
  it.each(CASES)("is answered as documented: $title", async (row) => {
    const { method = "GET", path = CLUSTERS, headers = {} } = row;
    const token = row.token ? await row.token() : viewer;
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    if (token !== "") lines.push(`Authorization: Bearer ${token}`);
    const host = "Host: api.example.com";
    const answer = await sendRaw(bare.port, rawRequest(`${method} ${path} HTTP/1.1`, [host, ...lines]));

    expect(answer.status).toBe(row.status);
    const { error } = JSON.parse(answer.body);
    expect(error).toEqual({ status: row.status, detail: row.detail, code: row.code, request_id: expect.any(String) });
    expect(answer.headers["www-authenticate"] ?? null).toBe(row.challenge);
    expect(answer.headers["cache-control"]).toBe("no-store");
    expect(answer.headers["content-type"]).toBe("application/json");
    if (token.length > 20) expect(answer.text).not.toContain(token);
    expect(bare.upstream.reached).toEqual([]);
  });

  it("is answered on another host to whoever may call, and to anybody who asks for what is open", async () => {
    const onAnother = (path: string, token: string | null) => {
      const lines = ["Host: evil.example", ...(token === null ? [] : [`Authorization: Bearer ${token}`])];
      return sendRaw(bare.port, rawRequest(`GET ${path} HTTP/1.1`, lines));
    };
    for (const answer of [await onAnother(CLUSTERS, viewer), await onAnother("/.well-known/gatehouse/health", null)]) {
      expect(answer.status).toBe(421);
      expect(JSON.parse(answer.body).error).toMatchObject({ status: 421, code: "host_not_served" });
    }
    expect((await onAnother(CLUSTERS, null)).status).toBe(401);
    expect(bare.upstream.reached).toEqual([]);
  });

  it.each(["Content-Length: 2", "Transfer-Encoding: chunked"])(
    "is answered to a GET with content: %s",
    async (line) => {
      const lines = ["Host: api.example.com", `Authorization: Bearer ${viewer}`, line];
      const content = line.startsWith("Content") ? "{}" : "2\r\n{}\r\n0\r\n\r\n";
      const answer = await sendRaw(bare.port, rawRequest(`GET ${CLUSTERS} HTTP/1.1`, lines, content));
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.body).error).toMatchObject({ status: 400, code: "body_not_allowed" });
      expect(bare.upstream.reached).toEqual([]);
    },
  );

  it("names the methods that an operation of Gatehouse's own has", async () => {
    const request = rawRequest(`DELETE /api/public/v1/accounts/${ACCOUNT}/api-keys HTTP/1.1`, [
      "Host: api.example.com",
      `Authorization: Bearer ${viewer}`,
    ]);
    expect((await sendRaw(bare.port, request)).headers.allow).toBe("GET, HEAD, POST");
  });

  it("tells the same of a forged, a mistyped and an unknown key", async () => {
    const answers = await Promise.all(
      [await otherRing(), "mistyped", await notStored()].map(async (token) => {
        const lines = ["Host: api.example.com", `Authorization: Bearer ${token}`];
        const answer = await sendRaw(bare.port, rawRequest("GET /x HTTP/1.1", lines));
        return answer.text.replace(/"request_id":"[^"]+"/, "").replace(/^Content-Length.*$/m, "");
      }),
    );
    expect(new Set(answers).size).toBe(1);
  });
});

describe("an expiry", () => {
  it("ends a key at its instant: alive just before, dead just after", async () => {
    const { token } = await bare.key({ role: "Viewer", expiresAt: Date.now() + 1_500 });
    const request = rawRequest(`GET ${CLUSTERS} HTTP/1.1`, ["Host: api.example.com", `Authorization: Bearer ${token}`]);
    expect((await sendRaw(bare.port, request)).status).toBe(200);
    await expect.poll(async () => (await sendRaw(bare.port, request)).status, { timeout: 4_000 }).toBe(401);
  });
});
