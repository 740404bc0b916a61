// The issuers of operators' tokens, as configured.
import { describe, expect, it } from "vitest";
import { readAccess, readOidc } from "../../src/config/oidc.ts";
import { ROLE_IDS } from "../support/seed.ts";

function read(reader: typeof readOidc, texts: Record<string, string>) {
  const errors: string[] = [];
  const config = reader((name) => texts[name] ?? null, errors);
  return { config, errors };
}
const OIDC = { OIDC_ISSUER: "https://issuer.example/realm", OIDC_AUDIENCE: "gatehouse" };
const ACCESS = { ACCESS_TEAM_DOMAIN: "team.cloudflareaccess.com", ACCESS_AUDIENCE: "tag" };
const oidc = (changes: Record<string, string> = {}) => read(readOidc, { ...OIDC, ...changes });

describe("readOidc", () => {
  it("requires an issuer and an audience, and has a default for everything else", () => {
    expect(oidc()).toEqual({
      config: {
        trusted: {
          issuer: "https://issuer.example/realm",
          audience: "gatehouse",
          algorithms: ["RS256", "ES256", "EdDSA"],
          maxAgeSeconds: 86_400,
          emailsAreVerified: false,
          roleClaim: null,
        },
        keysAt: { issuer: "https://issuer.example/realm" },
        roleMap: new Map(),
      },
      errors: [],
    });
    expect(read(readOidc, {})).toEqual({ config: null, errors: [] });
  });

  it("reads every variable of an OpenID Connect issuer", () => {
    const { config, errors } = oidc({
      OIDC_JWKS_URL: "http://127.0.0.1:9/jwks",
      OIDC_ALGORITHMS: " EdDSA , RS256",
      OIDC_MAX_TOKEN_AGE_SECONDS: "60",
    });
    expect(errors).toEqual([]);
    expect(config?.keysAt).toEqual({ jwksUrl: "http://127.0.0.1:9/jwks" });
    expect(config?.trusted).toMatchObject({ algorithms: ["EdDSA", "RS256"], maxAgeSeconds: 60 });
    expect(oidc({ OIDC_MAX_TOKEN_AGE_SECONDS: "2592000" }).errors).toEqual([]);
  });

  it("reports a missing issuer beside the other OIDC_ variables", () => {
    const error = "OIDC_ISSUER is missing beside the other OIDC_ variables";
    expect(read(readOidc, { OIDC_AUDIENCE: "a" })).toEqual({ config: null, errors: [error] });
    expect(read(readOidc, { OIDC_JWKS_URL: "https://a.example" })).toEqual({ config: null, errors: [error] });
  });

  it("reports a missing audience", () => {
    const { config, errors } = read(readOidc, { OIDC_ISSUER: "https://issuer.example" });
    expect(errors).toEqual(["OIDC_AUDIENCE is missing: a token for another audience must not be accepted"]);
    expect(config?.trusted.audience).toBe("");
  });

  it.each([
    ["http://issuer.example"],
    ["https://u@issuer.example"],
    ["https://:p@issuer.example"],
    ["https://issuer.example/?a"],
    ["https://issuer.example/#a"],
    ["http://localhost.example"],
    ["http://x.localhost"],
    ["http://127.0.0.1.example"],
    ["ftp://localhost"],
    ["text"],
  ])("rejects %s as the URL of the issuer and of its keys", (url) => {
    expect(oidc({ OIDC_ISSUER: url }).errors).toEqual([
      "OIDC_ISSUER must be an https URL without user, query and fragment",
    ]);
    expect(oidc({ OIDC_JWKS_URL: url }).errors).toEqual([
      "OIDC_JWKS_URL must be an https URL without user and fragment",
    ]);
  });

  it.each(["http://localhost:1", "http://127.0.0.1", "http://127.10.200.3", "http://[::1]:8"])(
    "accepts %s as the URL of the issuer and of its keys",
    (url) => {
      expect(oidc({ OIDC_ISSUER: url, OIDC_JWKS_URL: url }).errors).toEqual([]);
    },
  );

  it.each(["HS256", "RS256,none", "", "RS256,,ES256"])("rejects the algorithms %j", (algorithms) => {
    expect(oidc({ OIDC_ALGORITHMS: algorithms }).errors).toEqual([
      "OIDC_ALGORITHMS must list some of RS256, ES256, EdDSA",
    ]);
  });

  it.each(["59", "2592001", "60.5", "text", "-60", ""])("rejects a maximum token age of %j seconds", (seconds) => {
    expect(oidc({ OIDC_MAX_TOKEN_AGE_SECONDS: seconds }).errors).toEqual([
      "OIDC_MAX_TOKEN_AGE_SECONDS must be a whole number from 60 to 2592000",
    ]);
  });
});

describe("the roles of groups", () => {
  const [A, R] = ["340af43a-8a7c-4659-9258-4876fd6a207b", "00000000-0000-4000-8000-00000000000b"];
  const map = (value: unknown, claim = "groups") =>
    oidc({ OIDC_ROLE_CLAIM: claim, OIDC_ROLE_MAP: typeof value === "string" ? value : JSON.stringify(value) });

  it("are read by account, with the names of built-in roles and the ids of others, in their order", () => {
    const pairs = [
      ["42", "Admin"],
      ["staff", R.toUpperCase()],
      ["others", "Viewer"],
    ];
    const { config, errors } = map({ [A.toUpperCase()]: pairs });
    expect(errors).toEqual([]);
    expect(config?.trusted.roleClaim).toBe("groups");
    const [admin, viewer] = [ROLE_IDS.Admin, ROLE_IDS.Viewer];
    expect([...(config?.roleMap ?? [])]).toEqual([
      [
        A,
        [
          ["42", admin],
          ["staff", R],
          ["others", viewer],
        ],
      ],
    ]);
  });

  it.each([
    "no JSON",
    "[]",
    "{}",
    "null",
    { "no-uuid": [["a", "Admin"]] },
    { [A]: { a: "Admin" } },
    { [A]: [["a"]] },
    { [A]: [["a", "Admin", "b"]] },
    { [A]: [["", "Admin"]] },
    { [A]: [["a", "admin"]] },
    { [A]: [["a", "Owner"]] },
    { [A]: [["a", 1]] },
    {
      [A]: [
        ["a", "Admin"],
        ["a", "Viewer"],
      ],
    },
    { [A]: [["a", "Admin"]], [A.toUpperCase()]: [["b", "Admin"]] },
    { [A]: [["a", "Admin"]], [R]: "Admin" },
  ])("are an error, which repeats no value, as %j", (value) => {
    const { errors } = map(value);
    expect(errors).toEqual([expect.stringContaining("OIDC_ROLE_MAP must be JSON")]);
    expect(errors[0]).not.toContain(A);
  });

  it("need both variables, and an issuer", () => {
    const together = ["OIDC_ROLE_CLAIM and OIDC_ROLE_MAP belong together"];
    expect(oidc({ OIDC_ROLE_CLAIM: "groups" }).errors).toEqual(together);
    expect(oidc({ OIDC_ROLE_MAP: JSON.stringify({ [A]: [["a", "Admin"]] }) }).errors).toEqual(together);
    const error = ["OIDC_ISSUER is missing beside the other OIDC_ variables"];
    expect(read(readOidc, { OIDC_ROLE_CLAIM: "groups" }).errors).toEqual(error);
    expect(read(readOidc, { OIDC_ROLE_MAP: "{}" }).errors).toEqual(error);
  });
});

describe("readAccess", () => {
  const access = (changes: Record<string, string> = {}) => read(readAccess, { ...ACCESS, ...changes });

  it("trusts a team and audience of Cloudflare Access, and its e-mail addresses without email_verified", () => {
    const issuer = "https://team.cloudflareaccess.com";
    const wanted = {
      config: {
        trusted: {
          ...{ issuer, audience: "tag", algorithms: ["RS256"], maxAgeSeconds: 2_592_000 },
          ...{ emailsAreVerified: true, roleClaim: null },
        },
        keysAt: { jwksUrl: `${issuer}/cdn-cgi/access/certs` },
        roleMap: new Map(),
      },
      errors: [],
    };
    expect(access()).toEqual(wanted);
    expect(access({ ACCESS_TEAM_DOMAIN: issuer })).toEqual(wanted);
    expect(read(readAccess, {})).toEqual({ config: null, errors: [] });
  });

  it.each([[{ ACCESS_TEAM_DOMAIN: "a.example" }], [{ ACCESS_AUDIENCE: "tag" }]])("rejects %j alone", (texts) => {
    expect(read(readAccess, texts as Record<string, string>)).toEqual({
      config: null,
      errors: ["ACCESS_TEAM_DOMAIN and ACCESS_AUDIENCE belong together"],
    });
  });

  it.each(["http://a.example", "https://a.example/", "https://a.example/x", "a.example/x"])(
    "rejects %s as a team domain",
    (team) => {
      expect(access({ ACCESS_TEAM_DOMAIN: team }).errors).toEqual([
        "ACCESS_TEAM_DOMAIN must be a host name such as your-team.cloudflareaccess.com",
      ]);
    },
  );
});
