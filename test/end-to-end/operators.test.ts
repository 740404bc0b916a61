// Operators over a real socket, with tokens from a real OpenID Connect provider, signed in by HTTP and in a browser.
import { existsSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, clientOf, fieldErrorsOf, KEYS_PATH, ROLES_PATH, V1 } from "../support/admin-client.ts";
import { ACCOUNT, CLUSTERS, type Gatehouse, OTHER_ACCOUNT, startGatehouse } from "../support/gatehouse.ts";
import { CLIENT, startIssuer, type TestIssuer } from "../support/issuer.ts";
import { ROLE_IDS } from "../support/seed.ts";

const OPERATORS = `${V1}/accounts/${ACCOUNT}/operators`;
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

let issuer: TestIssuer;
let gatehouse: Gatehouse;
let admin: Client;
let adminKey: string;
beforeAll(async () => {
  issuer = await startIssuer();
  gatehouse = await startGatehouse({ OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: CLIENT });
  adminKey = (await gatehouse.key({ name: "admin" })).token;
  admin = clientOf(gatehouse, adminKey);
});
afterAll(async () => {
  await gatehouse.close();
  await issuer.close();
});

async function addOperator(login: string, changes: Readonly<Record<string, unknown>> = {}, client = admin) {
  const spec = { name: login, email: `${login}@example.com`, role_id: ROLE_IDS.Admin, ...changes };
  const response = await client("POST", OPERATORS, spec);
  if (response.status !== 200) throw new Error(response.text);
  return response.body.data.info.id as string;
}

const codeOf = async (response: Response) => ((await response.json()) as { error: { code: string } }).error.code;

describe("operator", () => {
  it("signs an operator in with code and PKCE, and names the operator in the key and in the audit log", async () => {
    const id = await addOperator("ada");
    const ada = clientOf(gatehouse, await issuer.signIn("ada"));
    const { status, body } = await ada("POST", KEYS_PATH, {
      name: "k",
      expire_after_hours: 1,
      role_id: ROLE_IDS.Viewer,
    });
    expect(status).toBe(200);
    expect(body.data.info.issuer).toBe("ada@example.com");
    const revoked = await ada("POST", `${KEYS_PATH}/${body.data.info.id}/revoke`);
    expect(revoked.body.data.info).toMatchObject({
      status: "REVOKED",
      revoked_by_user_id: id,
      revoked_by_user_email: "ada@example.com",
      revoked_by_api_key_id: null,
    });
    const events = await ada("GET", `${V1}/accounts/${ACCOUNT}/audit/events?limit=1`);
    expect(events.body.data[0]).toMatchObject({
      event_name: "Revoke API Key",
      user_id: id,
      user_email: "ada@example.com",
      actor: { type: "OPERATOR" },
    });
  });

  it("forwards an operator's request with an identity token that names the operator", async () => {
    await addOperator("carl", { role_id: ROLE_IDS.Viewer });
    const token = await issuer.signIn("carl");
    gatehouse.upstream.reset();
    expect((await gatehouse.call(token, CLUSTERS)).status).toBe(200);
    const [reached] = gatehouse.upstream.reached;
    const claims = String(reached?.headers["gatehouse-identity"]).split(".")[1] ?? "";
    expect(JSON.parse(Buffer.from(claims, "base64url").toString())).toMatchObject({
      acc: ACCOUNT,
      role: "Viewer",
      sub_type: "operator",
      sub_name: "carl@example.com",
    });
    expect(JSON.stringify(reached)).not.toContain(token);
  });

  it("authorizes an operator by role, account and expiry", async () => {
    const id = await addOperator("dora", { role_id: ROLE_IDS.Viewer, expire_after_hours: 1 });
    const token = await issuer.signIn("dora");
    expect(await codeOf(await gatehouse.call(token, CLUSTERS, { method: "POST" }))).toBe("permission_missing");
    expect(await codeOf(await gatehouse.call(token, CLUSTERS.replace(ACCOUNT, OTHER_ACCOUNT)))).toBe(
      "account_mismatch",
    );
    await gatehouse.env.DB.prepare("UPDATE operators SET expires_at = ? WHERE id = ?").bind(1, id).run();
    expect(await codeOf(await gatehouse.call(token, CLUSTERS))).toBe("key_expired");
  });

  it("denies a removed operator from the next request on", async () => {
    const id = await addOperator("eve");
    const token = await issuer.signIn("eve");
    expect((await gatehouse.call(token, CLUSTERS)).status).toBe(200);
    expect((await admin("DELETE", `${OPERATORS}/${id}`)).status).toBe(204);
    expect(await codeOf(await gatehouse.call(token, CLUSTERS))).toBe("operator_unknown");
  });

  it("identifies an operator by the subject of its own issuer only", async () => {
    await addOperator("fred", { email: null, subject: "fred" });
    await addOperator("gus", { email: null, subject: "gus", issuer: "https://another.example" });
    expect((await gatehouse.call(await issuer.signIn("fred"), CLUSTERS)).status).toBe(200);
    expect(await codeOf(await gatehouse.call(await issuer.signIn("gus"), CLUSTERS))).toBe("operator_unknown");
  });

  it("denies an email address that the issuer has not verified", async () => {
    await addOperator("unverified-x");
    expect(await codeOf(await gatehouse.call(await issuer.signIn("unverified-x"), CLUSTERS))).toBe("operator_unknown");
  });

  it.skipIf(!existsSync(CHROMIUM))("signs an operator in with a browser", async () => {
    await addOperator("hana");
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
    try {
      const page = await browser.newPage();
      const { url, verifier } = issuer.begin();
      await page.goto(url);
      await page.fill('input[name="login"]', "hana");
      await page.fill('input[name="password"]', "any");
      await page.click('button[type="submit"]');
      await page.click('button[type="submit"]');
      await page.waitForURL(/\/callback\?/);
      const code = new URL(page.url()).searchParams.get("code") ?? "";
      const token = await issuer.redeem(code, verifier);
      expect((await gatehouse.call(token, CLUSTERS)).status).toBe(200);
    } finally {
      await browser.close();
    }
  });
});

describe("operator whom another account adds", () => {
  let otherAdmin: Client;
  beforeAll(async () => {
    otherAdmin = clientOf(gatehouse, (await gatehouse.key({ accountId: OTHER_ACCOUNT })).token);
  });

  const addElsewhere = async (identity: Readonly<Record<string, unknown>>) => {
    const spec = { name: "added elsewhere", role_id: ROLE_IDS.Admin, ...identity };
    const response = await otherAdmin("POST", OPERATORS.replace(ACCOUNT, OTHER_ACCOUNT), spec);
    expect(response.status).toBe(200);
    return response.body.data.info.id as string;
  };
  const expire = (id: string) =>
    gatehouse.env.DB.prepare("UPDATE operators SET expires_at = ? WHERE id = ?").bind(1, id).run();
  const self = (token: string, account?: string) =>
    gatehouse.call(token, `${V1}/auth/self`, account ? { headers: { "gatehouse-account": account } } : {});
  const accountOf = async (response: Response) =>
    ((await response.json()) as { data: { account_id: string } }).data.account_id;
  const ACCOUNTS = [
    { id: ACCOUNT, name: "Test account" },
    { id: OTHER_ACCOUNT, name: "Another account" },
  ];

  it.each([
    ["nora", "subject", { subject: "nora" }],
    ["nick", "e-mail address", { email: "nick@example.com" }],
  ])(
    "keeps all requests of %s with an account in the path, added by %s, and chooses for the others",
    async (login, _, identity) => {
      await addOperator(login, { email: null, subject: login });
      const token = await issuer.signIn(login);
      const foreign = await addElsewhere(identity);
      expect((await gatehouse.call(token, CLUSTERS)).status).toBe(200);
      gatehouse.upstream.reset();
      for (const path of [`${V1}/account`, `${V1}/accounts`, `${V1}/auth/permissions`]) {
        expect(await codeOf(await gatehouse.call(token, path))).toBe("account_required");
      }
      expect(gatehouse.upstream.reached).toEqual([]);
      const undecided = await self(token);
      expect(undecided.status).toBe(409);
      expect((await undecided.json()).accounts.sort(byName)).toEqual(ACCOUNTS);
      for (const { id } of ACCOUNTS) {
        const chosen = (await (await self(token, id)).json()).data;
        expect([chosen.account_id, chosen.accounts.sort(byName)]).toEqual([id, ACCOUNTS]);
      }
      expect(await codeOf(await self(token, crypto.randomUUID()))).toBe("account_mismatch");
      await expire(foreign);
      expect(await accountOf(await self(token))).toBe(ACCOUNT);
      expect((await otherAdmin("DELETE", `${OPERATORS.replace(ACCOUNT, OTHER_ACCOUNT)}/${foreign}`)).status).toBe(204);
      expect(await accountOf(await self(token))).toBe(ACCOUNT);
    },
  );

  it("tells the upstream the chosen account by the signed identity, and does not forward the header", async () => {
    await addOperator("olaf");
    await addElsewhere({ email: "olaf@example.com" });
    const token = await issuer.signIn("olaf");
    gatehouse.upstream.reset();
    for (const account of [ACCOUNT, OTHER_ACCOUNT]) {
      const headers = { "gatehouse-account": account };
      const response = await gatehouse.call(token, `${V1}/account`, { headers });
      expect([response.status, response.headers.get("vary")]).toEqual([
        200,
        expect.stringContaining("Gatehouse-Account"),
      ]);
    }
    const told = gatehouse.upstream.reached.map(({ headers }) => {
      const claims = String(headers["gatehouse-identity"]).split(".")[1] ?? "";
      return [JSON.parse(Buffer.from(claims, "base64url").toString()).acc, headers["gatehouse-account"]];
    });
    expect(told).toEqual([
      [ACCOUNT, undefined],
      [OTHER_ACCOUNT, undefined],
    ]);
  });

  it("by an unreadable row loses no request of their own account", async () => {
    await addOperator("pia");
    const foreign = await addElsewhere({ email: "pia@example.com" });
    const permissions = [{ resource_type: "BACKUP", operation_groups: [{ operation_group: "READ" }] }];
    const path = ROLES_PATH.replace(ACCOUNT, OTHER_ACCOUNT);
    const role = (await otherAdmin("POST", path, { name: "Unreadable", permissions })).body.data.info.id;
    const { DB } = gatehouse.env;
    await DB.prepare("UPDATE operators SET role_id = ? WHERE id = ?").bind(role, foreign).run();
    await DB.prepare("UPDATE roles SET permissions = '[\"NONE:NONE\"]' WHERE id = ?").bind(role).run();
    const token = await issuer.signIn("pia");
    expect((await gatehouse.call(token, CLUSTERS)).status).toBe(200);
    expect(await accountOf(await self(token, ACCOUNT))).toBe(ACCOUNT);
    expect((await self(token, OTHER_ACCOUNT)).status).toBe(503);
  });

  it("is not read of a request with a key", async () => {
    expect(await accountOf(await self(adminKey, OTHER_ACCOUNT))).toBe(ACCOUNT);
  });
});

const byName = (one: { name: string }, other: { name: string }) => (one.name < other.name ? 1 : -1);

describe("invalid operator token", () => {
  it("denies a token of another provider", async () => {
    await addOperator("ida");
    const elsewhere = await startIssuer();
    try {
      const foreign = await elsewhere.signIn("ida");
      expect(await codeOf(await gatehouse.call(foreign, CLUSTERS))).toBe("invalid_token");
    } finally {
      await elsewhere.close();
    }
  });

  it("denies forged tokens and reads the key set at most once for a flood of unknown key ids", async () => {
    const { privateKey, publicKey } = await generateKeyPair("RS256");
    const claims = { email: "ada@example.com", email_verified: true };
    const forge = (header: { alg: string; kid?: string; typ?: string }, key: CryptoKey | Uint8Array = privateKey) =>
      new SignJWT(claims)
        .setProtectedHeader(header)
        .setIssuer(issuer.url)
        .setAudience(CLIENT)
        .setSubject("ada")
        .setIssuedAt()
        .setExpirationTime("1h")
        .sign(key);
    const secret = new TextEncoder().encode(JSON.stringify(await exportJWK(publicKey)));
    const forged = [
      await forge({ alg: "RS256", kid: "first" }),
      await forge({ alg: "RS256" }),
      await forge({ alg: "PS256", kid: "first" }, (await generateKeyPair("PS256")).privateKey),
      await forge({ alg: "HS256", kid: "first" }, secret),
      new UnsecuredJWT(claims).setIssuer(issuer.url).setAudience(CLIENT).setSubject("ada").encode(),
    ];
    for (const token of forged) expect((await gatehouse.call(token, CLUSTERS)).status).toBe(401);
    const before = issuer.keyReads();
    const flood = await Promise.all(Array.from({ length: 200 }, (_, i) => forge({ alg: "RS256", kid: `kid-${i}` })));
    const responses = await Promise.all(flood.map((token) => gatehouse.call(token, CLUSTERS)));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([401]));
    expect(issuer.keyReads() - before).toBeLessThanOrEqual(1);
  });

  it("accepts neither an operator token as an API key nor an API key as an operator token", async () => {
    const token = await issuer.signIn("ada");
    const both = await gatehouse.call(adminKey, CLUSTERS, { headers: { "cf-access-jwt-assertion": token } });
    expect(both.status).toBe(200);
    const alone = await gatehouse.call(null, CLUSTERS, { headers: { "cf-access-jwt-assertion": token } });
    expect(await codeOf(alone)).toBe("credential_missing");
    const named = await gatehouse.call(null, CLUSTERS, {
      headers: { "cf-access-authenticated-user-email": "ada@example.com" },
    });
    expect(await codeOf(named)).toBe("credential_missing");
    const cut = `${token.slice(0, -4)}AAAA`;
    expect(await codeOf(await gatehouse.call(cut, CLUSTERS))).toBe("invalid_token");
  });
});

describe("operator management", () => {
  it("reports every field error of an operator at once and stores nothing", async () => {
    const bad = await admin("POST", OPERATORS, {
      name: "<b>",
      email: "no",
      role_id: "x",
      expire_after_hours: -1,
      more: 1,
    });
    expect([bad.status, fieldErrorsOf(bad).sort()]).toEqual([
      400,
      ["email", "expire_after_hours", "more", "name", "role_id"],
    ]);
    const two = await admin("POST", OPERATORS, {
      name: "a",
      email: "a@b.example",
      subject: "s",
      role_id: ROLE_IDS.Viewer,
    });
    expect(fieldErrorsOf(two)).toEqual(["email"]);
    const none = await admin("POST", OPERATORS, { name: "a", role_id: ROLE_IDS.Viewer, issuer: "x" });
    expect(fieldErrorsOf(none).sort()).toEqual(["email", "issuer"]);
    const role = await admin("POST", OPERATORS, { name: "a", email: "a@b.example", role_id: crypto.randomUUID() });
    expect(fieldErrorsOf(role)).toEqual(["role_id"]);
    const { results } = await gatehouse.env.DB.prepare("SELECT id FROM operators WHERE email = 'a@b.example'").all();
    expect(results).toEqual([]);
  });

  it("matches an email address in any case and accepts it once per account", async () => {
    await addOperator("jo", { email: "Jo@Example.COM" });
    const again = await admin("POST", OPERATORS, { name: "jo", email: "jo@example.com", role_id: ROLE_IDS.Viewer });
    expect([again.status, again.body.error.code]).toEqual([409, "identity_taken"]);
    expect((await gatehouse.call(await issuer.signIn("jo"), CLUSTERS)).status).toBe(200);
  });

  it("reads, pages and changes operators and hides them from other accounts", async () => {
    const id = await addOperator("kim", { role_id: ROLE_IDS.Viewer });
    const changed = await admin("PUT", `${OPERATORS}/${id}`, { name: "Kim", role_id: ROLE_IDS.Developer });
    expect(changed.body.data).toMatchObject({
      spec: { name: "Kim", email: "kim@example.com", role_id: ROLE_IDS.Developer, expire_after_hours: 0 },
      info: { id, status: "ACTIVE", expiry_time: "2099-12-31T00:00Z", created_by: "admin" },
    });
    expect((await admin("GET", `${OPERATORS}/${id}`)).body.data).toEqual(changed.body.data);
    const ids: string[] = [];
    for (let path: string | null = `${OPERATORS}?limit=2`; path !== null; ) {
      const { body }: { body: { data: { info: { id: string } }[]; _metadata: { links: { next: string | null } } } } =
        await admin("GET", path);
      ids.push(...body.data.map((each) => each.info.id));
      path = body._metadata.links.next;
    }
    expect([ids.includes(id), new Set(ids).size]).toEqual([true, ids.length]);
    const foreignAdmin = clientOf(gatehouse, (await gatehouse.key({ accountId: OTHER_ACCOUNT })).token);
    const path = `${OPERATORS.replace(ACCOUNT, OTHER_ACCOUNT)}/${id}`;
    expect((await foreignAdmin("GET", path)).status).toBe(404);
    expect((await foreignAdmin("DELETE", path)).status).toBe(404);
  });

  it("rejects deleting a role that an operator has", async () => {
    const permissions = [{ resource_type: "BACKUP", operation_groups: [{ operation_group: "READ" }] }];
    const role = (await admin("POST", ROLES_PATH, { name: "Kept", permissions })).body.data.info.id;
    await addOperator("lou", { role_id: role });
    const response = await admin("DELETE", `${ROLES_PATH}/${role}`);
    expect([response.status, response.body.error.detail]).toEqual([409, expect.stringContaining("lou")]);
  });
});

describe("Cloudflare Access operator", () => {
  let access: Gatehouse;
  let stopTeam: TestIssuer["close"];
  let assertion: (changes?: Readonly<Record<string, unknown>>) => Promise<string>;
  beforeAll(async () => {
    const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
    const keys = [{ ...(await exportJWK(publicKey)), kid: "team", alg: "RS256" }];
    const server = http.createServer((request, response) =>
      response.writeHead(request.url === "/cdn-cgi/access/certs" ? 200 : 404).end(JSON.stringify({ keys })),
    );
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    stopTeam = async () => void server.close();
    const domain = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    assertion = (changes = {}) =>
      new SignJWT({ email: "ada@example.com", type: "app", ...changes })
        .setProtectedHeader({ alg: "RS256", kid: "team" })
        .setIssuer(domain)
        .setAudience(typeof changes.aud === "string" ? changes.aud : "this-application")
        .setSubject("7335d417-61da-459d-899c-0a01c76a2f94")
        .setIssuedAt()
        .setExpirationTime("1h")
        .sign(privateKey);
    access = await startGatehouse({ ACCESS_TEAM_DOMAIN: domain, ACCESS_AUDIENCE: "this-application" });
    const first = clientOf(access, (await access.key({ name: "admin" })).token);
    await first("POST", OPERATORS, { name: "ada", email: "ada@example.com", role_id: ROLE_IDS.Admin });
  });
  afterAll(async () => {
    await access.close();
    await stopTeam();
  });

  const call = async (token: string) => {
    const own = { "sec-fetch-site": "same-origin", "sec-fetch-dest": "empty" };
    return access.call(null, CLUSTERS, { headers: { ...own, "cf-access-jwt-assertion": token } });
  };

  it("allows the operator that the assertion names", async () => {
    expect((await call(await assertion())).status).toBe(200);
  });

  it("denies an assertion for another application of the same team", async () => {
    expect(await codeOf(await call(await assertion({ aud: "another-application" })))).toBe("invalid_token");
  });

  it("denies an assertion sent as a bearer token", async () => {
    expect(await codeOf(await access.call(await assertion(), CLUSTERS))).toBe("invalid_token");
  });
});
