// The identity token for the upstream: its claims, how long it is reused, and the published keys.
import { createLocalJWKSet, decodeJwt, jwtVerify } from "jose";
import { expect, it } from "vitest";
import { createIdentity } from "../../../src/gateway/proxy/identity-token.ts";
import { ACCOUNT_ID, aKey, aRole, NOW } from "../../support/key.ts";
import { IDENTITY_KEYS } from "../gateway-harness.ts";

const open = () => createIdentity(IDENTITY_KEYS, "https://issuer.example", "the-upstream");

it("names the principal for a minute, signed with the newest key", async () => {
  const identity = open();
  const key = aKey();
  const token = await identity.tokenFor(key, NOW + 999);
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
    iat: NOW / 1_000,
    exp: NOW / 1_000 + 60,
  });
});

it("names an operator and its type", async () => {
  const operator = { ...aKey({ name: "Ada" }), kind: "operator" };
  expect(decodeJwt(await open().tokenFor(operator, NOW))).toMatchObject({ sub_type: "operator", sub_name: "Ada" });
});

it("is reused synchronously for 35 seconds, and not one millisecond longer", async () => {
  const identity = open();
  const key = aKey();
  const token = await identity.tokenFor(key, NOW);
  expect(identity.tokenFor(key, NOW + 34_999)).toBe(token);
  const next = identity.tokenFor(key, NOW + 35_000);
  expect(next).toBeInstanceOf(Promise);
  expect(await next).not.toBe(token);
});

it("is reused for another record of the same key while its claims are true", async () => {
  const identity = open();
  const token = await identity.tokenFor(aKey(), NOW);
  const again = aKey({ version: 2 });
  expect(identity.tokenFor(again, NOW)).toBe(token);
  const role = aRole();
  for (const changes of [
    { id: "another" },
    { accountId: "another" },
    { role: { ...role, id: aKey().role.id } },
    { role: { ...role, name: aKey().role.name } },
  ]) {
    const other = identity.tokenFor(aKey(changes), NOW);
    expect(other).toBeInstanceOf(Promise);
    expect(decodeJwt(await other)).toMatchObject({
      sub: changes.id ?? aKey().id,
      acc: changes.accountId ?? ACCOUNT_ID,
    });
  }
  // An inherited token stays with its record, whatever is signed for others of the same key.
  expect(identity.tokenFor(again, NOW)).toBe(token);
});

it("is signed anew for an operator whose name has changed", async () => {
  const identity = createIdentity(IDENTITY_KEYS, "issuer", "audience");
  const operator = { ...aKey(), kind: "operator" as const, name: "Ada" };
  const first = await identity.tokenFor(operator, NOW);
  expect(await identity.tokenFor({ ...operator }, NOW)).toBe(first);
  expect(decodeJwt(await identity.tokenFor({ ...operator, name: "Grace" }, NOW)).sub_name).toBe("Grace");
});

it("is cached for at most ten thousand keys", async () => {
  const identity = open();
  const nth = (n: number) => aKey({ id: `key-${n}` });
  for (let n = 0; n < 10_000; n++) await identity.tokenFor(nth(n), NOW);
  expect(typeof identity.tokenFor(nth(0), NOW)).toBe("string");
  await identity.tokenFor(nth(10_000), NOW);
  expect(identity.tokenFor(nth(0), NOW)).toBeInstanceOf(Promise);
});

it("publishes every key without its private part", () => {
  expect(open().jwks).toEqual({
    keys: IDENTITY_KEYS.map(({ kty, crv, x, kid }) => ({ kty, crv, x, kid, alg: "EdDSA", use: "sig" })),
  });
});

it("is not created without a signing key", () => {
  expect(() => createIdentity([], "i", "a")).toThrow("no identity key");
});
