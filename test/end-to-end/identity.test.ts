// The identity token that the upstream gets: a JWT that the published keys verify.
import { createRemoteJWKSet, decodeJwt, jwtVerify } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ACCOUNT, CLUSTERS } from "../support/gatehouse.ts";
import { ROLE_IDS } from "../support/seed.ts";
import { startWorkerdGateway, type WorkerdGateway } from "../support/workerd-gateway.ts";

let gateway: WorkerdGateway;
beforeAll(async () => {
  gateway = await startWorkerdGateway({
    vars: { IDENTITY_ISSUER: "test-issuer", UPSTREAM_AUTHORIZATION: "Bearer of-gatehouse" },
  });
});
afterAll(() => gateway.close());
beforeEach(() => gateway.upstream.reset());

async function identities(token: string, ...calls: readonly [string, string][]): Promise<readonly string[]> {
  for (const [method, path] of calls) await gateway.call(token, path, { method });
  return gateway.upstream.reached.map(({ headers }) => String(headers["gatehouse-identity"]));
}

describe("identity token", () => {
  it("signs an identity token that the published keys verify and that names the key and its account", async () => {
    const { token, id } = await gateway.key({ role: "Viewer" });
    const before = Math.floor(Date.now() / 1_000);
    const [identity = ""] = await identities(token, ["GET", CLUSTERS]);
    const jwks = createRemoteJWKSet(new URL(`${gateway.url}/.well-known/gatehouse/jwks.json`));
    const { payload, protectedHeader } = await jwtVerify(identity, jwks, {
      algorithms: ["EdDSA"],
      issuer: "test-issuer",
      audience: "test-upstream",
      typ: "gatehouse-identity+jwt",
      requiredClaims: ["exp", "iat", "sub", "acc", "role", "role_id"],
    });
    expect(protectedHeader.kid).toBe(JSON.parse(gateway.secrets.IDENTITY_KEYS).keys[0].kid);
    expect(payload).toMatchObject({ sub: id, acc: ACCOUNT, role: "Viewer", role_id: ROLE_IDS.Viewer });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(60);
    expect(payload.iat).toBeGreaterThanOrEqual(before - 1);
  });

  it("signs for the configured upstream audience only", async () => {
    const { token } = await gateway.key();
    const [identity = ""] = await identities(token, ["GET", CLUSTERS]);
    const jwks = createRemoteJWKSet(new URL(`${gateway.url}/.well-known/gatehouse/jwks.json`));
    await expect(jwtVerify(identity, jwks, { audience: "another" })).rejects.toThrow("aud");
    const [head, body] = identity.split(".");
    await expect(jwtVerify(`${head}.${body}.${"A".repeat(86)}`, jwks)).rejects.toThrow("signature");
  });

  it("signs an identity token for each change, and one for a read that is repeated", async () => {
    const { token } = await gateway.key();
    const read = ["GET", CLUSTERS] as const;
    const change = ["DELETE", `${CLUSTERS}/c`] as const;
    const all = await identities(token, [...read], [...change], [...read], [...change], ["HEAD", CLUSTERS]);
    const claims = all.map((each) => decodeJwt(each));
    expect(claims.map(({ method, path }) => [method, path])).toEqual([read, change, read, change, ["HEAD", CLUSTERS]]);
    expect(all[0]).toBe(all[2]);
    expect(new Set(claims.map(({ jti }) => jti)).size).toBe(4);
  });

  it("signs the path that is forwarded, without its query", async () => {
    const { token } = await gateway.key();
    const [identity = ""] = await identities(token, ["GET", `${CLUSTERS}/a:b@c?path=/other`]);
    const reached = gateway.upstream.reached[0]?.url ?? "";
    expect(decodeJwt(identity).path).toBe(reached.replace(/\?.*/, ""));
  });

  it("signs a new identity token when the role changes", async () => {
    const { token, id } = await gateway.key({ role: "Developer" });
    const [before] = await identities(token, ["POST", CLUSTERS]);
    await gateway.env.DB.prepare("UPDATE api_keys SET role_id = ?, version = version + 1 WHERE id = ?")
      .bind(ROLE_IDS.Admin, id)
      .run();
    const [, after = ""] = await identities(token, ["POST", CLUSTERS]);
    expect(after).not.toBe(before);
    expect(JSON.parse(atob(after.split(".")[1] ?? "")).role).toBe("Admin");
  });

  it("denies an identity token used as a key", async () => {
    const { token } = await gateway.key();
    const [identity = ""] = await identities(token, ["GET", CLUSTERS]);
    const response = await gateway.call(identity, CLUSTERS);
    expect(response.status).toBe(401);
    expect(gateway.upstream.reached).toHaveLength(1);
  });

  it("never sends the identity token to the client and never publishes a private key", async () => {
    const { token } = await gateway.key();
    gateway.upstream.answer((request, response) => {
      response.setHeader("gatehouse-identity", request.headers["gatehouse-identity"] ?? "");
      response.end();
    });
    const response = await gateway.call(token, CLUSTERS);
    expect([...response.headers.keys()]).not.toContain("gatehouse-identity");
    const jwks = await (await fetch(`${gateway.url}/.well-known/gatehouse/jwks.json`)).text();
    expect(jwks).not.toContain(JSON.parse(gateway.secrets.IDENTITY_KEYS).keys[0].d);
    expect(Object.keys(JSON.parse(jwks).keys[0]).sort()).toEqual(["alg", "crv", "kid", "kty", "use", "x"]);
  });
});

describe("UPSTREAM_AUTHORIZATION", () => {
  it("replaces the client's credential with the configured one", async () => {
    const { token } = await gateway.key();
    await identities(token, ["GET", CLUSTERS]);
    expect(gateway.upstream.reached[0]?.headers.authorization).toBe("Bearer of-gatehouse");
    expect(JSON.stringify(gateway.upstream.reached)).not.toContain(token);
  });
});
