// Threats C and J (docs/threats.md): ambiguous credentials, forged ones, and floods of them.
import { SignJWT } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { mintKey, readKeyRing } from "../../src/core/token/api-key-token.ts";
import { ACCOUNT, CLUSTERS } from "../support/gatehouse.ts";
import { rawRequest, sendRaw } from "../support/raw.ts";
import { startWorkerdGateway, type WorkerdGateway } from "../support/workerd-gateway.ts";

let gateway: WorkerdGateway;
let key: string;
beforeAll(async () => {
  gateway = await startWorkerdGateway();
  key = (await gateway.key()).token;
});
afterAll(() => gateway.close());
beforeEach(async () => {
  gateway.upstream.reset();
  await gateway.logs();
});

const send = (...headers: readonly string[]) =>
  sendRaw(gateway.port, rawRequest(`GET ${CLUSTERS} HTTP/1.1`, headers), { quietMs: 1_000 });

function ring() {
  const read = readKeyRing(gateway.secrets.KEY_RING);
  if ("errors" in read) throw new Error("no ring");
  return read.ring;
}

/** `K` stands for a valid key. */
const MALFORMED: readonly (readonly [row: string, headers: readonly string[], statuses: readonly number[]])[] = [
  ["31 two headers", ["Authorization: Bearer K", "Authorization: Bearer K"], [400]],
  ["31 two headers of which one is empty", ["Authorization: Bearer K", "Authorization:"], [400]],
  ["31 two headers, other case", ["authorization: Basic a", "AUTHORIZATION: Bearer K"], [400]],
  ["31 a list", ["Authorization: Bearer K, Bearer K"], [400]],
  ["31 a list that ends", ["Authorization: Bearer K,"], [400]],
  ["32 Basic", ["Authorization: Basic K"], [401]],
  ["32 Token", ["Authorization: Token K"], [401]],
  ["32 Digest", ["Authorization: Digest username=K"], [401]],
  ["32 no scheme", ["Authorization: K"], [401]],
  ["32 a longer scheme", ["Authorization: BearerX K"], [401]],
  ["32 DPoP", ["Authorization: DPoP K"], [401]],
  ["33 a tab", ["Authorization: Bearer\tK"], [400]],
  ["33 two spaces", ["Authorization: Bearer  K"], [400]],
  ["33 a vertical tab", ["Authorization: Bearer \x0bK"], [400]],
  ["33 no space", ["Authorization: BearerK"], [401]],
  ["33 a colon", ["Authorization: Bearer: K"], [401]],
  ["33 quotes", ['Authorization: Bearer "K"'], [401]],
  ["35 NUL", ["Authorization: Bearer K\x00"], [400]],
  ["35 Latin-1", ["Authorization: Bearer K\xe9"], [400, 401]],
  ["35 no-break space", ["Authorization: Bearer\xa0K"], [400, 401]],
  ["35 UTF-8 BOM", ["Authorization: \xef\xbb\xbfBearer K"], [400, 401]],
  ["36 a space before the colon", ["Authorization : Bearer K"], [400]],
  ["36 a folded line", ["Authorization: Bearer", " K"], [400]],
  ["37 the scheme alone", ["Authorization: Bearer"], [401]],
  ["37 the scheme and a space", ["Authorization: Bearer "], [401]],
  ["37 null", ["Authorization: Bearer null"], [401]],
  ["37 undefined", ["Authorization: Bearer undefined"], [401]],
  ["37 nothing", ["Authorization:"], [401]],
  ["39 X-API-Key beside it", ["Authorization: Bearer K", "X-API-Key: K"], [400]],
  ["39 an empty X-API-Key beside it", ["Authorization: Bearer K", "X-API-Key:"], [400]],
  ["39 X-API-Key alone", ["X-API-Key: K"], [401]],
  ["39 Proxy-Authorization beside it", ["Authorization: Bearer K", "Proxy-Authorization: Bearer K"], [400]],
  ["39 Proxy-Authorization alone", ["Proxy-Authorization: Bearer K"], [401]],
  ["39 a cookie", ["Cookie: token=K; Authorization=Bearer K"], [401]],
  ["39 an underscore", ["X_Authorization: Bearer K", "Authorization_: Bearer K"], [401]],
];

describe("malformed credential", () => {
  it.each(MALFORMED)(
    "denies or rejects a malformed credential and does not forward it: row %s",
    async (_, headers, statuses) => {
      const response = await send(...headers.map((line) => line.replaceAll(/(?<!API-)K/g, key)));
      expect(statuses).toContain(response.status);
      expect(response.text).not.toContain(key);
      expect(gateway.upstream.reached).toEqual([]);
      expect(JSON.stringify(await gateway.logs())).not.toContain(key);
    },
  );

  it("33: accepts the scheme in any case and the optional whitespace of HTTP", async () => {
    for (const line of ["bearer K", "BEARER K", "  Bearer K  ", "Bearer K\t"]) {
      expect((await send(`Authorization: ${line.replace("K", key)}`)).status).toBe(200);
    }
    expect(gateway.upstream.reached).toHaveLength(4);
  });
});

describe("forged key", () => {
  it("42: denies a key with any one character changed", async () => {
    for (let at = 0; at < key.length; at += 7) {
      const other = key[at] === "A" ? "B" : "A";
      const response = await send(`Authorization: Bearer ${key.slice(0, at)}${other}${key.slice(at + 1)}`);
      expect(response.status, String(at)).toBe(401);
    }
    expect(gateway.upstream.reached).toEqual([]);
  });

  it("42: denies a key with a second spelling of the same signature", async () => {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const last = alphabet.indexOf(key.at(-1) ?? "");
    for (const spelling of [alphabet[last + 1], alphabet[last + 2], `${key.at(-1)}=`, `${key.at(-1)}A`]) {
      expect((await send(`Authorization: Bearer ${key.slice(0, -1)}${spelling}`)).status).toBe(401);
    }
  });

  it.each([
    ["86 alg none", { alg: "none" }],
    ["86 HS512", { alg: "HS512" }],
    ["69 jku", { alg: "HS256", jku: "https://evil.example/keys" }],
    ["69 jwk", { alg: "HS256", jwk: { kty: "oct", k: "AAAA" } }],
    ["93 crit", { alg: "HS256", crit: ["b64"], b64: false }],
    ["87 RS256", { alg: "RS256" }],
  ])("denies a forged key whatever its header says: row %s", async (_, header) => {
    const kid = Object.keys(JSON.parse(gateway.secrets.KEY_RING))[0];
    const full = { ...header, typ: "gatehouse-key+jwt", kid };
    const head = Buffer.from(JSON.stringify(full)).toString("base64url");
    const [, payload, signature] = key.split(".");
    for (const end of ["", signature, "A".repeat(43)]) {
      expect((await send(`Authorization: Bearer ${head}.${payload}.${end}`)).status).toBe(401);
    }
    expect(gateway.upstream.reached).toEqual([]);
  });

  it("86: denies a key signed with the published public key", async () => {
    const { keys } = (await (await fetch(`${gateway.url}/.well-known/gatehouse/jwks.json`)).json()) as {
      keys: { x: string }[];
    };
    const secret = Buffer.from(keys[0]?.x ?? "", "base64url");
    const kid = Object.keys(JSON.parse(gateway.secrets.KEY_RING))[0] ?? "";
    const claims = { jti: "k", acc: ACCOUNT, iat: 0, exp: 4_102_358_400, rnd: "AAAAAAAAAAAAAAAAAAAAAA" };
    const header = { alg: "HS256", typ: "gatehouse-key+jwt", kid };
    const forged = await new SignJWT(claims).setProtectedHeader(header).sign(secret);
    expect((await send(`Authorization: Bearer ${forged}`)).status).toBe(401);
  });

  it.each(["a.b", "a.b.c.d.e", "..", ".", "A".repeat(8_000), "eyJhbGciOiJub25lIn0..", "%00", "{}", "[object Object]"])(
    "93: denies or rejects a token of any other shape: %s",
    async (token) => {
      const response = await send(`Authorization: Bearer ${token}`);
      expect([400, 401]).toContain(response.status);
    },
  );

  it("88: denies a signed key that is not stored, whatever it claims", async () => {
    const claims = { keyId: "7d0e3f0a-1b7c-4c38-8a4e-5d1f6f2b9c01", accountId: ACCOUNT, expiresAt: null };
    const { token } = await mintKey(ring(), { ...claims, now: Date.now() });
    expect((await send(`Authorization: Bearer ${token}`)).status).toBe(401);
    expect(gateway.upstream.reached).toEqual([]);
  });

  it("112: makes no lookup for any number of forged keys", async () => {
    const forged = Array.from({ length: 200 }, (_, i) => `${key.slice(0, -43)}${String(i).padStart(42, "A")}A`);
    const before = await storedState();
    // At most ten denials a second get a log line of their own; the tests before must not have used them up.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    for (const token of forged) expect((await send(`Authorization: Bearer ${token}`)).status).toBe(401);
    // Lines that sum up denials of the tests before may be among them.
    const lines = await gateway.logs();
    expect(lines.map(({ reason }) => reason)).toContain("signature_invalid");
    expect(lines.flatMap(({ source }) => (source === undefined ? [] : [source]))).toEqual([]);
    expect(await storedState()).toBe(before);
  });

  it("43: makes one lookup for a signed key that is not stored, and caches the result", async () => {
    const claims = { keyId: "k", accountId: ACCOUNT, expiresAt: null, now: Date.now() };
    const { token } = await mintKey(ring(), claims);
    for (let i = 0; i < 5; i++) expect((await send(`Authorization: Bearer ${token}`)).status).toBe(401);
    // Lines that sum up the flood of the test before may still arrive.
    const sources = (await gateway.logs()).flatMap(({ source }) => (source === undefined ? [] : [source]));
    expect(sources).toEqual(["d1", "memory", "memory", "memory", "memory"]);
  });
});

/** Changes with every write that a request leaves in D1 or KV. */
async function storedState(): Promise<string> {
  const { keys } = await gateway.env.KEY_COPIES.list();
  const { results } = await gateway.env.DB.prepare("SELECT count(*) AS n FROM audit_events").all();
  return JSON.stringify([keys.length, results]);
}
