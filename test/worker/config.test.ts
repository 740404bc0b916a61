// readConfig: a complete, parsed configuration, or every error at once, with no secret in any.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { type Config, readConfig } from "../../src/config/config.ts";

const SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldC0";
const D = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
const X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const IDENTITY = { keys: [{ kty: "OKP", crv: "Ed25519", kid: "k", x: X, d: D }] };
const GOOD = {
  DB: env.DB,
  KEY_COPIES: env.KEY_COPIES,
  KEY_RING: JSON.stringify({ k1: SECRET }),
  IDENTITY_KEYS: JSON.stringify(IDENTITY),
  UPSTREAM_URL: "https://api.example.com",
};

function errorsOf(changes: Record<string, unknown>): readonly string[] {
  const read = readConfig({ ...GOOD, ...changes });
  return "errors" in read ? read.errors : [];
}

function configOf(changes: Record<string, unknown>): Config {
  const read = readConfig({ ...GOOD, ...changes });
  if ("errors" in read) throw new Error(read.errors.join("; "));
  return read.config;
}

const withKey = (changes: object) => JSON.stringify({ keys: [{ ...IDENTITY.keys[0], ...changes }] });

describe("readConfig", () => {
  it("requires two secrets and an upstream, and has a default for every other variable", () => {
    expect(configOf({})).toMatchObject({
      issuer: "gatehouse",
      defaultKeyRole: null,
      keyCacheSize: 10_000,
      staleIfErrorMs: 60_000,
      log: { sample: 0, format: "json" },
      policy: { strongCheck: "mutations", speculativeForwarding: true, allowWebSockets: false },
      upstream: { origin: "https://api.example.com", audience: "https://api.example.com", timeoutMs: 30_000 },
    });
  });

  it("reads every variable", () => {
    const config = configOf({
      UPSTREAM_AUDIENCE: "aud",
      UPSTREAM_AUTHORIZATION: "Bearer a b",
      UPSTREAM_TIMEOUT_SECONDS: "0.5",
      IDENTITY_ISSUER: "iss",
      DEFAULT_KEY_ROLE: "Admin",
      STRONG_CHECK: "all",
      SPECULATIVE_FORWARDING: "off",
      STALE_IF_ERROR_SECONDS: "0",
      KEY_CACHE_SIZE: "5",
      LAST_USE_INTERVAL_SECONDS: "60",
      METRICS_TOKEN: "m".repeat(32),
      BLOCKED_KEY_IDS: " 7D0E3F0A-1b7c-4c38-8a4e-5d1f6f2b9c01 ,",
      ALLOW_WEBSOCKETS: "true",
      ALLOWED_HOSTS: "API.example.com,localhost:8787",
      ALLOWED_ORIGINS: "https://a.example,http://localhost:3000",
      LOG_SAMPLE: "0.25",
      LOG_FORMAT: "pretty",
    });
    expect(config.policy.blockedKeyIds).toEqual(new Set(["7d0e3f0a-1b7c-4c38-8a4e-5d1f6f2b9c01"]));
    expect(config.policy.hosts).toEqual(new Set(["api.example.com", "localhost:8787"]));
    expect(config.policy.origins).toEqual(new Set(["https://a.example", "http://localhost:3000"]));
    expect(config.upstream).toMatchObject({ audience: "aud", authorization: "Bearer a b", timeoutMs: 500 });
    expect([config.keyCacheSize, config.lastUseIntervalMs]).toEqual([5, 60_000]);
    expect(config.log).toEqual({ sample: 0.25, format: "pretty" });
    expect(config.metricsToken).toBe("m".repeat(32));
  });

  it("has metrics only with a METRICS_TOKEN that is a bearer token and cannot be guessed", () => {
    expect(configOf({}).metricsToken).toBeNull();
    expect(configOf({ METRICS_TOKEN: "generate-me" }).metricsToken).toBeNull();
    for (const token of ["m".repeat(31), `${"m".repeat(32)} m`, `${"m".repeat(31)}ü`, "m".repeat(513)]) {
      expect(errorsOf({ METRICS_TOKEN: token })).toEqual([expect.stringMatching(/^METRICS_TOKEN must have /)]);
    }
  });

  it.each([
    "http://localhost:1",
    "http://127.0.0.1:1",
    "http://127.1.2.3",
    "http://[::1]:1",
    "https://a.example:8443/",
  ])("accepts the upstream %s", (url) => {
    expect(configOf({ UPSTREAM_URL: url }).upstream.origin).toBe(url.replace(/\/$/, ""));
  });

  it("forwards unknown operations where they are configured to be, below the path of the API", () => {
    expect(configOf({}).forwardBelow).toBeNull();
    expect(configOf({ API_PATH_PREFIX: "/v2/" }).forwardBelow).toBeNull();
    expect(configOf({ UNKNOWN_OPERATIONS: "admin" }).forwardBelow).toBe("/api/public/v1/");
    for (const path of ["/", "/v2/", "/a.b/c-d/"]) {
      expect(configOf({ UNKNOWN_OPERATIONS: "admin", API_PATH_PREFIX: path }).forwardBelow).toBe(path);
    }
    for (const path of ["v2/", "/v2", "/v2/../", "//", "/a b/", "https://a/"]) {
      expect(errorsOf({ API_PATH_PREFIX: path })).toEqual(["API_PATH_PREFIX must be a path such as /api/v1/"]);
    }
    expect(errorsOf({ UNKNOWN_OPERATIONS: "allow" })).toEqual(["UNKNOWN_OPERATIONS must be one of deny, admin"]);
  });

  it("writes the last use of a key in use once an hour by default", () => {
    expect(configOf({}).lastUseIntervalMs).toBe(3_600_000);
  });

  it("reads the quotas of accounts", () => {
    const defaults = { apiKeys: 10_000, roles: 100, allowLists: 100, operators: 500, endpoints: 10 };
    expect(configOf({}).quotas).toEqual(defaults);
    const vars = { QUOTA_API_KEYS: "5", QUOTA_ROLES: "6", QUOTA_ALLOW_LISTS: "7", QUOTA_OPERATORS: "8" };
    const quotas = { apiKeys: 5, roles: 6, allowLists: 7, operators: 8, endpoints: 9 };
    expect(configOf({ ...vars, QUOTA_ENDPOINTS: "9" }).quotas).toEqual(quotas);
    for (const value of ["0", "-1", "1.5", "many", "100000000"]) {
      expect(errorsOf({ QUOTA_API_KEYS: value })).toEqual([expect.stringMatching(/^QUOTA_API_KEYS must be a /)]);
    }
  });

  it("needs an address to send mail from, beside the binding that sends it", () => {
    const binding = { send: () => undefined };
    const mail = { binding, from: "keys@example.com" };
    expect(configOf({ SEND_EMAIL: binding, MAIL_FROM: "keys@example.com" }).mail).toEqual(mail);
    expect(configOf({}).mail).toBeNull();
    for (const vars of [{ SEND_EMAIL: binding }, { MAIL_FROM: "keys@example.com" }]) {
      expect(errorsOf(vars)).toEqual([expect.stringMatching(/^MAIL_FROM /)]);
    }
    expect(errorsOf({ SEND_EMAIL: binding, MAIL_FROM: "nobody" })).toHaveLength(1);
  });

  it("reads how events are sent, and looks hosts up by default", () => {
    const resolverUrl = "https://cloudflare-dns.com/dns-query";
    expect(configOf({}).endpoints).toEqual({ allowLoopback: false, resolverUrl });
    const vars = { ALLOW_LOOPBACK_ENDPOINTS: "true", ENDPOINT_RESOLVER_URL: "none" };
    expect(configOf(vars).endpoints).toEqual({ allowLoopback: true, resolverUrl: null });
    for (const url of ["http://dns.example.com/", "dns.example.com", "ftp://dns.example.com/"]) {
      expect(errorsOf({ ENDPOINT_RESOLVER_URL: url })).toHaveLength(1);
    }
  });

  it("accepts a bucket for the states of the audit log, and needs none", () => {
    const bucket = { put: () => undefined };
    expect(configOf({ AUDIT_HEADS: bucket }).auditHeads).toBe(bucket);
    expect(configOf({}).auditHeads).toBeNull();
  });

  it("accepts a service binding as the upstream, under a host name that nobody can register", () => {
    const binding = { fetch: () => undefined };
    expect(configOf({ UPSTREAM_URL: "", UPSTREAM: binding }).upstream).toMatchObject({
      origin: "https://upstream.invalid",
      binding,
    });
  });

  it.each([
    ["UPSTREAM_URL", "http://api.example.com"],
    ["UPSTREAM_URL", "http://169.254.169.254/"],
    ["UPSTREAM_URL", "http://10.0.0.1"],
    ["UPSTREAM_URL", "http://localhost.evil.example"],
    ["UPSTREAM_URL", "http://127.0.0.1.evil.example"],
    ["UPSTREAM_URL", "https://user@api.example.com"],
    ["UPSTREAM_URL", "https://user:pass@api.example.com"],
    ["UPSTREAM_URL", "https://api.example.com/v1"],
    ["UPSTREAM_URL", "https://api.example.com?a"],
    ["UPSTREAM_URL", "https://api.example.com#a"],
    ["UPSTREAM_URL", "ftp://api.example.com"],
    ["UPSTREAM_URL", "file:///etc/passwd"],
    ["UPSTREAM_URL", "javascript:alert(1)"],
    ["UPSTREAM_URL", "api.example.com"],
    ["UPSTREAM_URL", " https://api.example.com"],
    ["UPSTREAM_URL", ""],
    ["UPSTREAM", "http://user@169.254.169.254/"],
    ["UPSTREAM", {}],
    ["UPSTREAM_AUTHORIZATION", "Bearer hunter2\n"],
    ["UPSTREAM_AUTHORIZATION", "Bearer hunter2\r\nX: 1"],
    ["UPSTREAM_AUTHORIZATION", " Bearer hunter2"],
    ["UPSTREAM_AUTHORIZATION", "Bearer s\u00e9cret"],
    ["UPSTREAM_TIMEOUT_SECONDS", "0"],
    ["UPSTREAM_TIMEOUT_SECONDS", "-1"],
    ["UPSTREAM_TIMEOUT_SECONDS", "1e3"],
    ["UPSTREAM_TIMEOUT_SECONDS", "601"],
    ["UPSTREAM_TIMEOUT_SECONDS", "NaN"],
    ["KEY_RING", ""],
    ["KEY_RING", "{}"],
    ["KEY_RING", JSON.stringify({ k1: "c2hvcnQ" })],
    ["KEY_RING", SECRET],
    ["IDENTITY_KEYS", ""],
    ["IDENTITY_KEYS", "{}"],
    ["IDENTITY_KEYS", '{"keys":[]}'],
    ["IDENTITY_KEYS", '{"keys":[null]}'],
    ["IDENTITY_KEYS", withKey({ d: undefined })],
    ["IDENTITY_KEYS", withKey({ d: D.slice(1) })],
    ["IDENTITY_KEYS", withKey({ x: "not base64url, but a text of 43 characters!!" })],
    ["IDENTITY_KEYS", withKey({ kid: "" })],
    ["IDENTITY_KEYS", withKey({ crv: "X25519" })],
    ["IDENTITY_KEYS", JSON.stringify({ keys: [IDENTITY.keys[0], IDENTITY.keys[0]] })],
    ["STRONG_CHECK", "none"],
    ["SPECULATIVE_FORWARDING", "yes"],
    ["STALE_IF_ERROR_SECONDS", "301"],
    ["KEY_CACHE_SIZE", "0"],
    ["KEY_CACHE_SIZE", "1.5"],
    ["LAST_USE_INTERVAL_SECONDS", "59"],
    ["LAST_USE_INTERVAL_SECONDS", "86401"],
    ["BLOCKED_KEY_IDS", "key-1"],
    ["BLOCKED_KEY_IDS", "7d0e3f0a-1b7c-4c38-8a4e-5d1f6f2b9c01;7d0e3f0a-1b7c-4c38-8a4e-5d1f6f2b9c02"],
    ["ALLOW_WEBSOCKETS", "1"],
    ["ALLOWED_HOSTS", "https://api.example.com"],
    ["ALLOWED_HOSTS", "api.example.com/x"],
    ["ALLOWED_HOSTS", "*.example.com/"],
    ["ALLOWED_HOSTS", "*.example.com"],
    ["CONSOLE_HOST", "https://console.example.com"],
    ["CONSOLE_HOST", "a.example,b.example"],
    ["CONSOLE_HOST", "*"],
    ["ALLOWED_ORIGINS", "*"],
    ["ALLOWED_ORIGINS", "null"],
    ["ALLOWED_ORIGINS", "https://a.example/"],
    ["ALLOWED_ORIGINS", "a.example"],
    ["LOG_SAMPLE", "2"],
    ["LOG_FORMAT", "xml"],
    ["DB", undefined],
    ["DB", "gatehouse"],
    ["KEY_COPIES", undefined],
    ["AUDIT_HEADS", "a-bucket"],
    ["AUDIT_HEADS", {}],
    ["ALLOWED_HOST", "a.example"],
    ["UPSTREAM_TIMEOUT", "3"],
    ["LOG_SAMPLE", 1],
  ])("reports one error for %s = %j, by name, without repeating the value", (name, value) => {
    const errors = errorsOf({ [name]: value });
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(name);
    if (typeof value === "string" && value.length > 6) expect(errors[0]).not.toContain(value.trim());
    expect(errors.join()).not.toMatch(/hunter2|c2VjcmV0|nWGxne|pass@/);
  });

  it("serves the console's host besides the allowed ones", () => {
    const policyOf = (changes: Record<string, unknown>) =>
      configOf({ CONSOLE_HOST: "Console.example.com", ...changes }).policy;
    expect(policyOf({})).toMatchObject({ consoleHost: "console.example.com", hosts: new Set() });
    expect(policyOf({ ALLOWED_HOSTS: "a.example" }).hosts).toEqual(new Set(["a.example", "console.example.com"]));
    expect(configOf({}).policy.consoleHost).toBeNull();
  });

  it("requires CONSOLE_HOST where pages of the upstream could use the operator's cookie", () => {
    const access = { ACCESS_TEAM_DOMAIN: "team.cloudflareaccess.com", ACCESS_AUDIENCE: "aud" };
    const pages = { UPSTREAM_SERVES_PAGES: "true" };
    expect(errorsOf({ ...access, ...pages })).toEqual([expect.stringContaining("CONSOLE_HOST is missing")]);
    expect(errorsOf({ ...access, ...pages, CONSOLE_HOST: "console.example.com" })).toEqual([]);
    expect([errorsOf(access), errorsOf(pages)]).toEqual([[], []]);
  });

  it("accepts every name that it reads, also where the value has no effect", () => {
    const unused = { OIDC_ALGORITHMS: "RS256", OIDC_MAX_TOKEN_AGE_SECONDS: "60", UPSTREAM_AUDIENCE: "a" };
    expect(errorsOf(unused)).toEqual([]);
    const errors = errorsOf({ ...unused, UPSTREAM_URL: "" });
    expect(errors).toEqual([expect.stringContaining("UPSTREAM_URL is missing")]);
  });

  it("reports all errors at once", () => {
    const errors = errorsOf({
      KEY_RING: "",
      IDENTITY_KEYS: "",
      UPSTREAM_URL: "",
      DB: null,
      LOG_FORMAT: "xml",
      TYPO: "1",
    });
    const names = ["KEY_RING", "IDENTITY_KEYS", "UPSTREAM_URL", "DB", "LOG_FORMAT", "TYPO"];
    for (const name of names) expect(errors.some((error) => error.includes(name))).toBe(true);
    expect(errors).toHaveLength(names.length);
  });
});

describe("a configuration that lacks values", () => {
  function missingOf(changes: Record<string, unknown>): readonly string[] | null {
    const read = readConfig({ ...GOOD, ...changes });
    return "errors" in read ? (read.firstStart?.missing ?? null) : [];
  }

  it.each([
    [{ KEY_RING: undefined }, ["KEY_RING"]],
    [{ KEY_RING: "", IDENTITY_KEYS: "" }, ["KEY_RING", "IDENTITY_KEYS"]],
    [{ KEY_RING: "generate-me", IDENTITY_KEYS: "generate-me" }, ["KEY_RING", "IDENTITY_KEYS"]],
    [{ UPSTREAM_URL: "" }, ["UPSTREAM_URL"]],
    [{ KEY_RING: "", IDENTITY_KEYS: "", UPSTREAM_URL: "" }, ["KEY_RING", "IDENTITY_KEYS", "UPSTREAM_URL"]],
  ])("lists the missing values of %j for the first-start page", (changes, missing) => {
    expect(missingOf(changes)).toEqual(missing);
  });

  it.each([
    { KEY_RING: "{}" },
    { KEY_RING: 1 },
    { KEY_RING: "", IDENTITY_KEYS: "{}" },
    { KEY_RING: "", UPSTREAM_URL: "generate-me" },
    { KEY_RING: "", DB: undefined },
    { KEY_RING: "", KEY_COPIES: undefined },
    { KEY_RING: "", LOG_FORMAT: "xml" },
    { KEY_RING: "", TYPO: "1" },
  ])("has no first-start page with another error: %j", (changes) => {
    expect(missingOf(changes)).toBeNull();
  });
});
