// Operators through the whole Worker: tokens of odd types, and roles that operators have had.
import { env } from "cloudflare:workers";
import { exportJWK, generateKeyPair } from "jose";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ACCOUNT, makeAccounts, VIEWER_ROLE } from "../store/builders.ts";
import type { SeededKey } from "../support/seed.ts";
import { ask, CLUSTERS, startGateway, stopGateways, type TestGateway } from "./worker-harness.ts";

beforeEach(makeAccounts);
afterEach(stopGateways);

const BASE = `/api/public/v1/accounts/${ACCOUNT}`;
const ISSUER = "https://issuer.example.com";
const READ = [{ resource_type: "BACKUP", operation_groups: [{ operation_group: "READ" }] }];

describe("a signed token", () => {
  const base64 = (bytes: Uint8Array) =>
    btoa(String.fromCharCode(...bytes))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replace(/=+$/, "");
  const bytesOf = (text: string) => new TextEncoder().encode(text);

  async function startWithIssuer() {
    const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
    const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: "k" }] };
    vi.spyOn(globalThis, "fetch").mockImplementation(async (input) =>
      Response.json(String(input).endsWith("/jwks") ? keys : { issuer: ISSUER, jwks_uri: `${ISSUER}/jwks` }),
    );
    const gateway = await startGateway({ OIDC_ISSUER: ISSUER, OIDC_AUDIENCE: "gatehouse", OIDC_ALGORITHMS: "ES256" });
    const admin = await gateway.key();
    await ask(gateway, admin, `${BASE}/operators`, "POST", { name: "Ada", subject: "ada", role_id: VIEWER_ROLE });
    /** The status of a request with a token of these changes, as JSON text. */
    return async (header: string, claims = ""): Promise<number> => {
      const now = Math.floor(Date.now() / 1_000);
      const payload = `{"iss":"${ISSUER}","aud":"gatehouse","sub":"ada","iat":${now - 10},"exp":${now + 600}${claims}}`;
      const text = `${base64(bytesOf(`{"alg":"ES256","kid":"k"${header}}`))}.${base64(bytesOf(payload))}`;
      const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, privateKey, bytesOf(text));
      const response = await gateway.call(`${text}.${base64(new Uint8Array(signature))}`, CLUSTERS);
      await response.body?.cancel();
      await gateway.finishBackgroundWork();
      return response.status;
    };
  }

  it("is denied with 401 when its type is no text, and accepted without one", async () => {
    const statusOf = await startWithIssuer();
    expect(await statusOf("")).toBe(200);
    for (const typ of ["1", "null", "true", "[]", '["JWT"]', "{}", '"at+jwt "']) {
      expect([typ, await statusOf(`,"typ":${typ}`)]).toEqual([typ, 401]);
    }
  });

  it("is never an internal error, whatever its claims are", async () => {
    const statusOf = await startWithIssuer();
    const values = ["null", "1", "-1e400", "[]", "{}", '""', '"\\u0000"', '"\\ud800"', '"ada\\u0000"', "true"];
    for (const claim of ["sub", "email", "email_verified", "iat", "exp", "nbf", "aud", "iss", "azp", "jti"]) {
      for (const value of values) {
        expect([claim, value, await statusOf("", `,"${claim}":${value},"email_verified":true`)]).toEqual([
          ...[claim, value, expect.toSatisfy((status: number) => [200, 401, 403].includes(status))],
        ]);
      }
    }
  });
});

describe("the role of an operator", () => {
  let gateway: TestGateway;
  let admin: SeededKey;
  const roles = `${BASE}/roles`;
  beforeEach(async () => {
    gateway = await startGateway({ OIDC_ISSUER: ISSUER, OIDC_AUDIENCE: "gatehouse" });
    admin = await gateway.key();
  });

  async function operatorWithRole() {
    const role = (await ask(gateway, admin, roles, "POST", { name: "Reader", permissions: READ })).body.data.info.id;
    const spec = { name: "Ada", subject: "ada", role_id: role, expire_after_hours: 1 };
    const operator = (await ask(gateway, admin, `${BASE}/operators`, "POST", spec)).body.data.info.id;
    return { role: `${roles}/${role}`, operator: `${BASE}/operators/${operator}` };
  }
  const expire = (path: string) =>
    env.DB.prepare("UPDATE operators SET expires_at = ? WHERE id = ?")
      .bind(Date.now(), path.slice(path.lastIndexOf("/") + 1))
      .run();

  it("is in use while the operator is active, and can be deleted once the operator has expired", async () => {
    const { role, operator } = await operatorWithRole();
    const inUse = await ask(gateway, admin, role, "DELETE");
    expect([inUse.status, inUse.body.error.detail]).toEqual([409, expect.stringContaining("Ada")]);
    await expire(operator);
    expect((await ask(gateway, admin, role, "DELETE")).status).toBe(204);
    expect((await ask(gateway, admin, operator)).body.data.info).toMatchObject({ status: "EXPIRED" });
  });

  it("has to be another one when an operator is extended whose role was deleted", async () => {
    const { role, operator } = await operatorWithRole();
    await expire(operator);
    await ask(gateway, admin, role, "DELETE");
    const extended = await ask(gateway, admin, operator, "PUT", { expire_after_hours: 1 });
    expect([extended.status, extended.body.error.code]).toEqual([409, "reference_gone"]);
    const changed = await ask(gateway, admin, operator, "PUT", { expire_after_hours: 1, role_id: VIEWER_ROLE });
    expect(changed.body.data.info).toMatchObject({ status: "ACTIVE", role: { info: { id: VIEWER_ROLE } } });
  });
});

it("leaves a role and an allow list free that only revoked and expired keys and their dry runs have", async () => {
  const gateway = await startGateway();
  const admin = await gateway.key();
  const role = (await ask(gateway, admin, `${BASE}/roles`, "POST", { name: "Reader", permissions: READ })).body.data;
  const lists = CLUSTERS.replace("clusters", "allow-lists");
  const list = (await ask(gateway, admin, lists, "POST", { name: "office", allow_list: ["192.0.2.7"] })).body.data;
  const paths = [`${BASE}/roles/${role.info.id}`, `${lists}/${list.info.id}`];
  const terms = { role_id: role.info.id, allow_list_info: [list.info.id] };
  for (const [name, end] of [
    ["revoked", (id: string) => ask(gateway, admin, `${BASE}/api-keys/${id}/revoke`, "POST")],
    ["expired", (id: string) => env.DB.prepare("UPDATE api_keys SET expires_at = 1 WHERE id = ?").bind(id).run()],
  ] as const) {
    const spec = { name, expire_after_hours: 1, role_id: VIEWER_ROLE };
    const own = (await ask(gateway, admin, `${BASE}/api-keys`, "POST", { ...spec, ...terms })).body.data.info.id;
    const tried = (await ask(gateway, admin, `${BASE}/api-keys`, "POST", spec)).body.data.info.id;
    await ask(gateway, admin, `${BASE}/api-keys/${tried}/trial`, "PUT", terms);
    for (const path of paths) expect((await ask(gateway, admin, path, "DELETE")).status).toBe(409);
    await end(own);
    for (const path of paths) expect((await ask(gateway, admin, path, "DELETE")).status).toBe(409);
    await end(tried);
  }
  for (const path of paths) expect((await ask(gateway, admin, path, "DELETE")).status).toBe(204);
});
