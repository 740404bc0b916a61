// Every reason for which a request is denied or rejected, over a raw socket, and the whole response of each.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { newKeyRing } from "../../scripts/secrets.ts";
import { mintKey, readKeyRing } from "../../src/core/token/api-key-token.ts";
import { ACCOUNT, CLUSTERS, OTHER_ACCOUNT } from "../support/gatehouse.ts";
import { rawRequest, sendRaw } from "../support/raw.ts";
import { startWorkerdGateway, type WorkerdGateway } from "../support/workerd-gateway.ts";

const REALM = 'Bearer realm="gatehouse"';
const BLOCKED_ID = "d0d0d0d0-0000-4000-8000-000000000001";

let gateway: WorkerdGateway;
let viewer: string;
beforeAll(async () => {
  gateway = await startWorkerdGateway({
    vars: { UNKNOWN_OPERATIONS: "admin", ALLOWED_HOSTS: "api.example.com", BLOCKED_KEY_IDS: BLOCKED_ID },
  });
  viewer = (await gateway.key({ role: "Viewer" })).token;
});
afterAll(() => gateway.close());
beforeEach(() => gateway.upstream.reset());

interface Case {
  readonly title: string;
  readonly token?: () => Promise<string> | string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  /** `WWW-Authenticate`; `null` means that the response has none. */
  readonly challenge: string | null;
}

const INVALID = { status: 401, code: "invalid_token", detail: "Invalid JWT" };
const INVALID_TOKEN = `${REALM}, error="invalid_token"`;

async function signedByAnotherRing(): Promise<string> {
  const read = readKeyRing(newKeyRing(new Date()));
  if ("errors" in read) throw new Error("no ring");
  return (await mintKey(read.ring, { keyId: "k", accountId: ACCOUNT, expiresAt: null, now: Date.now() })).token;
}

async function signedButNotStored(): Promise<string> {
  const read = readKeyRing(gateway.secrets.KEY_RING);
  if ("errors" in read) throw new Error("no ring");
  return (await mintKey(read.ring, { keyId: "k", accountId: ACCOUNT, expiresAt: null, now: Date.now() })).token;
}

async function blockedKey(): Promise<string> {
  return (await gateway.key({ id: BLOCKED_ID })).token;
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
    title: "method_not_allowed: a method that no operation has",
    method: "PROPFIND",
    status: 405,
    code: "method_not_allowed",
    detail: "This method is not allowed here.",
    challenge: null,
  },
  {
    title: "method_not_allowed: a path of Gatehouse with another method",
    method: "DELETE",
    path: `/api/public/v1/accounts/${ACCOUNT}/api-keys`,
    status: 405,
    code: "method_not_allowed",
    detail: "This method is not allowed here.",
    challenge: null,
  },
  {
    title: "not_found: a reserved path of Gatehouse",
    path: "/.well-known/gatehouse/nothing",
    status: 404,
    code: "not_found",
    detail: "Requested API not found",
    challenge: null,
  },
  {
    title: "upgrade_not_enabled: a WebSocket",
    headers: { upgrade: "websocket", connection: "upgrade, close" },
    status: 501,
    code: "upgrade_not_enabled",
    detail: "Upgrading the connection is not enabled.",
    challenge: null,
  },
  {
    title: "preflight_origin_not_allowed: an origin that is not allowed",
    method: "OPTIONS",
    headers: { origin: "https://evil.example", "access-control-request-method": "GET" },
    status: 403,
    code: "preflight_origin_not_allowed",
    detail: "This origin is not allowed.",
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
    title: "credential_malformed: two credentials",
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
  { title: "signature_invalid: another ring", token: signedByAnotherRing, ...INVALID, challenge: INVALID_TOKEN },
  { title: "key_unknown: well signed, not stored", token: signedButNotStored, ...INVALID, challenge: INVALID_TOKEN },
  {
    title: "key_revoked",
    token: async () => (await gateway.key({ revokedAt: 1 })).token,
    status: 401,
    code: "key_revoked",
    detail: "Invalid JWT",
    challenge: `${INVALID_TOKEN}, error_description="The API key was revoked"`,
  },
  {
    title: "key_canary, which is shown as revoked",
    token: async () => (await gateway.key({ canary: true })).token,
    status: 401,
    code: "key_revoked",
    detail: "Invalid JWT",
    challenge: `${INVALID_TOKEN}, error_description="The API key was revoked"`,
  },
  {
    title: "key_disabled",
    token: async () => (await gateway.key({ disabledAt: 1 })).token,
    status: 401,
    code: "key_disabled",
    detail: "Invalid JWT",
    challenge: `${INVALID_TOKEN}, error_description="The API key is disabled"`,
  },
  {
    title: "key_expired",
    token: async () => (await gateway.key({ expiresAt: Date.now() - 1 })).token,
    status: 401,
    code: "key_expired",
    detail: "JWT has expired",
    challenge: `${INVALID_TOKEN}, error_description="The API key has expired"`,
  },
  {
    title: "key_denied: a key of BLOCKED_KEY_IDS",
    token: blockedKey,
    status: 401,
    code: "key_denied",
    detail: "Invalid JWT",
    challenge: `${INVALID_TOKEN}, error_description="The API key is blocked"`,
  },
  {
    title: "address_not_allowed",
    token: async () => (await gateway.key({ rules: ["203.0.113.0/24"] })).token,
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
    title: "operation_unknown: outside of the API",
    path: "/api/public/v9/anything",
    status: 403,
    code: "operation_unknown",
    detail: "Gatehouse does not know this operation, and does not forward it.",
    challenge: null,
  },
  {
    title: "permission_missing: an unknown operation",
    path: "/api/public/v1/anything",
    status: 403,
    code: "permission_missing",
    detail: "The role of this API key does not include operations that Gatehouse does not know.",
    challenge: `${REALM}, error="insufficient_scope"`,
  },
];

describe("denied request", () => {
  it.each(CASES)("denies a request as documented: $title", async (row) => {
    const { method = "GET", path = CLUSTERS, headers = {} } = row;
    const token = row.token ? await row.token() : viewer;
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    if (token !== "") lines.push(`Authorization: Bearer ${token}`);
    const host = "Host: api.example.com";
    const response = await sendRaw(gateway.port, rawRequest(`${method} ${path} HTTP/1.1`, [host, ...lines]));

    expect(response.status).toBe(row.status);
    const { error } = JSON.parse(response.body);
    expect(error).toEqual({ status: row.status, detail: row.detail, code: row.code, request_id: expect.any(String) });
    expect(response.headers["www-authenticate"] ?? null).toBe(row.challenge);
    expect(response.headers["cache-control"]).toBe("no-store");
    expect(response.headers["content-type"]).toBe("application/json");
    if (token.length > 20) expect(response.text).not.toContain(token);
    expect(gateway.upstream.reached).toEqual([]);
  });

  it("answers 421 on another host to an authorized request and to a public path", async () => {
    const onAnother = (path: string, token: string | null) => {
      const lines = ["Host: evil.example", ...(token === null ? [] : [`Authorization: Bearer ${token}`])];
      return sendRaw(gateway.port, rawRequest(`GET ${path} HTTP/1.1`, lines));
    };
    for (const response of [
      await onAnother(CLUSTERS, viewer),
      await onAnother("/.well-known/gatehouse/health", null),
    ]) {
      expect(response.status).toBe(421);
      expect(JSON.parse(response.body).error).toMatchObject({ status: 421, code: "host_not_served" });
    }
    expect((await onAnother(CLUSTERS, null)).status).toBe(401);
    expect(gateway.upstream.reached).toEqual([]);
  });

  it.each(["Content-Length: 2", "Transfer-Encoding: chunked"])(
    "rejects a GET request with content: %s",
    async (line) => {
      const lines = ["Host: api.example.com", `Authorization: Bearer ${viewer}`, line];
      const content = line.startsWith("Content") ? "{}" : "2\r\n{}\r\n0\r\n\r\n";
      const response = await sendRaw(gateway.port, rawRequest(`GET ${CLUSTERS} HTTP/1.1`, lines, content));
      expect(response.status).toBe(400);
      expect(JSON.parse(response.body).error).toMatchObject({ status: 400, code: "body_not_allowed" });
      expect(gateway.upstream.reached).toEqual([]);
    },
  );

  it("answers 403 to a browser that asks for the script of a service worker", async () => {
    const lines = [
      "Host: api.example.com",
      `Authorization: Bearer ${(await gateway.key()).token}`,
      "Service-Worker: script",
    ];
    const response = await sendRaw(gateway.port, rawRequest("GET /api/public/v1/sw.js HTTP/1.1", lines));
    expect(response.status).toBe(403);
    expect(JSON.parse(response.body).error).toMatchObject({ status: 403, code: "service_worker_not_allowed" });
    expect(gateway.upstream.reached).toEqual([]);
  });

  it("names the allowed methods of an operation that Gatehouse handles", async () => {
    const request = rawRequest(`DELETE /api/public/v1/accounts/${ACCOUNT}/api-keys HTTP/1.1`, [
      "Host: api.example.com",
      `Authorization: Bearer ${viewer}`,
    ]);
    expect((await sendRaw(gateway.port, request)).headers.allow).toBe("GET, HEAD, POST");
  });

  it("answers the same to a forged, a malformed and an unknown key", async () => {
    const responses = await Promise.all(
      [await signedByAnotherRing(), "mistyped", await signedButNotStored()].map(async (token) => {
        const lines = ["Host: api.example.com", `Authorization: Bearer ${token}`];
        const response = await sendRaw(gateway.port, rawRequest(`GET ${CLUSTERS} HTTP/1.1`, lines));
        return response.text.replaceAll(/"request_id":"[^"]+"|^(?:Content-Length|Gatehouse-Request-Id):.*$/gim, "");
      }),
    );
    expect(new Set(responses).size).toBe(1);
  });
});

describe("key expiry", () => {
  it("allows a key until its expiry time and denies it afterwards", async () => {
    const { token } = await gateway.key({ role: "Viewer", expiresAt: Date.now() + 1_500 });
    const request = rawRequest(`GET ${CLUSTERS} HTTP/1.1`, ["Host: api.example.com", `Authorization: Bearer ${token}`]);
    expect((await sendRaw(gateway.port, request)).status).toBe(200);
    await expect.poll(async () => (await sendRaw(gateway.port, request)).status, { timeout: 4_000 }).toBe(401);
  });
});
