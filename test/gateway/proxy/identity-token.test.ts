// The identity token for the upstream: its claims, how long it is reused, and the published keys.
import { createLocalJWKSet, decodeJwt, jwtVerify } from "jose";
import { expect, it } from "vitest";
import type { Principal } from "../../../src/core/access/principal.ts";
import { createIdentity, type Identity } from "../../../src/gateway/proxy/identity-token.ts";
import { ACCOUNT_ID, aKey, aRole, NOW } from "../../support/key.ts";
import { IDENTITY_KEYS } from "../gateway-harness.ts";

const PATH = "/api/public/v1/clusters";
const read = (identity: Identity, record: Principal, now = NOW, path = PATH) =>
  identity.tokenFor(record, "GET", path, now);

const open = () => createIdentity(IDENTITY_KEYS, "https://issuer.example", "the-upstream");

it("names the principal for a minute, signed with the newest key", async () => {
  const identity = open();
  const key = aKey();
  const token = await read(identity, key, NOW + 999);
  const keys = createLocalJWKSet({ keys: [...identity.jwks.keys] as never });
  const { payload, protectedHeader } = await jwtVerify(token, keys, { currentDate: new Date(NOW) });
  expect(protectedHeader).toEqual({ alg: "EdDSA", typ: "gatehouse-identity+jwt", kid: "new" });
  expect(payload).toEqual({
    iss: "https://issuer.example",
    aud: "the-upstream",
    sub: key.id,
    acc: ACCOUNT_ID,
    role: key.role.name,
    role_id: key.role.id,
    role_built_in: true,
    method: "GET",
    path: PATH,
    jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
    iat: NOW / 1_000,
    exp: NOW / 1_000 + 60,
  });
});

it("names an operator and its type", async () => {
  const operator = { ...aKey({ name: "Ada" }), kind: "operator" };
  expect(decodeJwt(await read(open(), operator))).toMatchObject({ sub_type: "operator", sub_name: "Ada" });
});

it("says of a role whether it is built in, whatever its name", async () => {
  const custom = aKey({ role: { ...aRole(), id: crypto.randomUUID(), name: "Admin" } });
  expect(decodeJwt(await read(open(), custom))).toMatchObject({ role: "Admin", role_built_in: false });
});

it("is signed for one method and one path, and reused for the same GET or HEAD only", async () => {
  const identity = open();
  const key = aKey();
  const claims = async (method: string, path: string) => decodeJwt(await identity.tokenFor(key, method, path, NOW));
  const requests = [
    ...[["GET", "/a"] as const, ["HEAD", "/a"] as const, ["GET", "/b"] as const, ["POST", "/a"] as const],
    ...[["DELETE", "/a"] as const, ["OPTIONS", "/a"] as const, ["GET", "/c d"] as const],
  ];
  const seen = new Map<string, unknown>();
  for (const [method, path] of [...requests, ...requests]) {
    const { jti, ...said } = await claims(method, path);
    expect(said).toMatchObject({ method, path });
    const name = `${method} ${path}`;
    if (seen.has(name)) expect(jti === seen.get(name)).toBe(method === "GET" || method === "HEAD");
    seen.set(name, jti);
  }
  expect(new Set(seen.values()).size).toBe(requests.length);
});

it("is signed each time for a path that is too long to be cached", async () => {
  const identity = open();
  const path = `/${"x".repeat(600)}`;
  expect(await read(identity, aKey(), NOW, path)).not.toBe(await read(identity, aKey(), NOW, path));
});

it("is reused synchronously for 35 seconds, and not one millisecond longer", async () => {
  const identity = open();
  const key = aKey();
  const token = await read(identity, key, NOW);
  expect(read(identity, key, NOW + 34_999)).toBe(token);
  const next = read(identity, key, NOW + 35_000);
  expect(next).toBeInstanceOf(Promise);
  expect(await next).not.toBe(token);
});

it("is signed anew when the clock was set back", async () => {
  const identity = open();
  const key = aKey();
  const ahead = await read(identity, key, NOW + 3_600_000);
  const token = await read(identity, key, NOW);
  expect(token).not.toBe(ahead);
  expect(JSON.parse(atob(String(token).split(".")[1] as string)).iat).toBe(Math.floor(NOW / 1_000));
});

it("is reused for another record of the same key while its claims are true", async () => {
  const identity = open();
  const token = await read(identity, aKey(), NOW);
  const again = aKey({ version: 2 });
  expect(read(identity, again, NOW)).toBe(token);
  const role = aRole();
  for (const changes of [
    { id: "another" },
    { accountId: "another" },
    { role: { ...role, id: aKey().role.id } },
    { role: { ...role, name: aKey().role.name } },
  ]) {
    const other = read(identity, aKey(changes), NOW);
    expect(other).toBeInstanceOf(Promise);
    expect(decodeJwt(await other)).toMatchObject({
      sub: changes.id ?? aKey().id,
      acc: changes.accountId ?? ACCOUNT_ID,
    });
  }
  // An inherited token stays with its record, whatever is signed for others of the same key.
  expect(read(identity, again, NOW)).toBe(token);
});

it("is signed anew for an operator whose name has changed", async () => {
  const identity = createIdentity(IDENTITY_KEYS, "issuer", "audience");
  const operator = { ...aKey(), kind: "operator" as const, name: "Ada" };
  const first = await read(identity, operator, NOW);
  expect(await read(identity, { ...operator }, NOW)).toBe(first);
  expect(decodeJwt(await read(identity, { ...operator, name: "Grace" }, NOW)).sub_name).toBe("Grace");
});

it("is cached for at most five thousand requests", async () => {
  const identity = open();
  const nth = (n: number) => aKey({ id: `key-${n}` });
  for (let n = 0; n < 5_000; n++) await read(identity, nth(n), NOW);
  expect(typeof read(identity, nth(0), NOW)).toBe("string");
  await read(identity, nth(5_000), NOW);
  expect(read(identity, nth(0), NOW)).toBeInstanceOf(Promise);
});

it("publishes every key without its private part", () => {
  expect(open().jwks).toEqual({
    keys: IDENTITY_KEYS.map(({ kty, crv, x, kid }) => ({ kty, crv, x, kid, alg: "EdDSA", use: "sig" })),
  });
});

it("is not created without a signing key", () => {
  expect(() => createIdentity([], "i", "a")).toThrow("no identity key");
});
