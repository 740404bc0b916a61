// The issuers of operators' tokens, as configured.
import { describe, expect, it } from "vitest";
import { readAccess, readOidc } from "../../src/config/oidc.ts";

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
        },
        keysAt: { issuer: "https://issuer.example/realm" },
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

describe("readAccess", () => {
  const access = (changes: Record<string, string> = {}) => read(readAccess, { ...ACCESS, ...changes });

  it("trusts a team and audience of Cloudflare Access, and its e-mail addresses without email_verified", () => {
    const issuer = "https://team.cloudflareaccess.com";
    const wanted = {
      config: {
        trusted: { issuer, audience: "tag", algorithms: ["RS256"], maxAgeSeconds: 2_592_000, emailsAreVerified: true },
        keysAt: { jwksUrl: `${issuer}/cdn-cgi/access/certs` },
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
