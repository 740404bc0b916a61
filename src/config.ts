// Bindings and variables as given become a configuration that is complete and parsed, or a list of everything that is
// wrong with them. Past this file nothing is optional and nothing is text that still has to be understood.

import { type IssuerConfig, readAccess, readOidc } from "./config-oidc.ts";
import { type KeyRing, readKeyRing } from "./core/token/api-key-token.ts";
import type { Policy } from "./gateway/gateway.ts";
import type { IdentityKeys } from "./gateway/proxy/identity-token.ts";

/** What Cloudflare hands to the Worker: bindings by name, variables and secrets as text. */
export type Env = Readonly<Record<string, unknown>>;

export interface Config {
  readonly db: D1Database;
  readonly kv: KVNamespace;
  /** The console's files; `null` when they are not bound. */
  readonly assets: Fetcher | null;
  readonly upstream: {
    readonly origin: string;
    /** A service binding, which then answers instead of the network. */
    readonly binding: Fetcher | null;
    readonly audience: string;
    readonly authorization: string | null;
    readonly timeoutMs: number;
  };
  readonly ring: KeyRing;
  readonly identityKeys: IdentityKeys;
  readonly issuer: string;
  readonly defaultKeyRole: string | null;
  readonly policy: Policy;
  readonly keyCacheSize: number;
  readonly staleIfErrorMs: number;
  /** How long a refused call can be asked about. */
  readonly denialRetentionMs: number;
  /** Who may say who somebody is; `null`: nobody, and only keys are let in. */
  readonly oidc: IssuerConfig | null;
  readonly access: IssuerConfig | null;
  /** Bindings that are `null` limit nothing. */
  readonly limits: {
    readonly authFailures: RateLimit | null;
    readonly perKey: RateLimit | null;
    readonly periodSeconds: number;
  };
  readonly log: { readonly sample: number; readonly format: "json" | "pretty" };
}

/** Every name that Gatehouse reads. README.md describes them; anything else is a mistake worth a refusal to serve. */
const KNOWN_NAMES: ReadonlySet<string> = new Set([
  "DB",
  "KEY_COPIES",
  "UPSTREAM",
  "ASSETS",
  "UPSTREAM_URL",
  "UPSTREAM_AUDIENCE",
  "UPSTREAM_AUTHORIZATION",
  "UPSTREAM_TIMEOUT_SECONDS",
  "KEY_RING",
  "IDENTITY_KEYS",
  "IDENTITY_ISSUER",
  "DEFAULT_KEY_ROLE",
  "STRONG_CHECK",
  "SPECULATIVE_FORWARDING",
  "STALE_IF_ERROR_SECONDS",
  "KEY_CACHE_SIZE",
  "DENIAL_RETENTION_SECONDS",
  "BLOCKED_KEY_IDS",
  "ALLOW_WEBSOCKETS",
  "ALLOWED_HOSTS",
  "ALLOWED_ORIGINS",
  "OIDC_ISSUER",
  "OIDC_AUDIENCE",
  "OIDC_JWKS_URL",
  "OIDC_ALGORITHMS",
  "OIDC_MAX_TOKEN_AGE_SECONDS",
  "ACCESS_TEAM_DOMAIN",
  "ACCESS_AUDIENCE",
  "LOG_SAMPLE",
  "LOG_FORMAT",
  "AUTH_FAILURE_RATE_LIMIT",
  "KEY_RATE_LIMIT",
  "LIMIT_PERIOD_SECONDS",
]);

/** Values that the operator of a new deployment has yet to set. */
export type MissingValue = "KEY_RING" | "IDENTITY_KEYS" | "UPSTREAM_URL";

/** A deployment that lacks these values and has no other error: the first-start page says how to set them. */
export interface FirstStart {
  readonly missing: readonly MissingValue[];
  readonly db: D1Database;
  readonly assets: Fetcher | null;
}

/** The value of a secret in .dev.vars.example. The Deploy to Cloudflare button sets it when it is not replaced. */
const PLACEHOLDER = "generate-me";

export interface InvalidConfig {
  readonly faults: readonly string[];
  /** `null`: there are other errors than missing values. */
  readonly firstStart: FirstStart | null;
}

/**
 * Read the configuration.
 *
 * @returns the whole of it, or every error at once; no error repeats a secret
 */
export function readConfig(env: Env): { readonly config: Config } | InvalidConfig {
  const errors: string[] = [];
  const missing: MissingValue[] = [];
  const read = reader(env, errors, missing);
  for (const name of Object.keys(env)) {
    if (!KNOWN_NAMES.has(name)) errors.push(`${name} is not a variable of Gatehouse`);
  }
  const db = read.binding<D1Database>("DB", "prepare", "a D1 database");
  const kv = read.binding<KVNamespace>("KEY_COPIES", "get", "a KV namespace");
  const ring = read.keyRing();
  const assets = env.ASSETS === undefined ? null : read.binding<Fetcher>("ASSETS", "fetch", "static assets");
  const identityKeys = read.identityKeys();
  const upstream = read.upstream();
  const settings = {
    issuer: read.text("IDENTITY_ISSUER") ?? "gatehouse",
    defaultKeyRole: read.text("DEFAULT_KEY_ROLE"),
    keyCacheSize: read.whole("KEY_CACHE_SIZE", 10_000, 1, 100_000),
    staleIfErrorMs: read.number("STALE_IF_ERROR_SECONDS", 60, 0, 300) * 1_000,
    denialRetentionMs: read.number("DENIAL_RETENTION_SECONDS", 86_400, 0, 2_592_000) * 1_000,
    oidc: readOidc(read.text, errors),
    access: readAccess(read.text, errors),
    limits: {
      authFailures: read.limit("AUTH_FAILURE_RATE_LIMIT"),
      perKey: read.limit("KEY_RATE_LIMIT"),
      periodSeconds: Number(read.choice("LIMIT_PERIOD_SECONDS", ["10", "60"], "60")),
    },
    log: {
      sample: read.number("LOG_SAMPLE", 0, 0, 1),
      format: read.choice("LOG_FORMAT", ["json", "pretty"], "json"),
    },
    policy: {
      strongCheck: read.choice("STRONG_CHECK", ["mutations", "all"], "mutations"),
      speculativeForwarding: read.choice("SPECULATIVE_FORWARDING", ["safe", "off"], "safe") === "safe",
      allowWebSockets: read.choice("ALLOW_WEBSOCKETS", ["true", "false"], "false") === "true",
      blockedKeyIds: read.keyIds("BLOCKED_KEY_IDS"),
      hosts: read.hosts("ALLOWED_HOSTS"),
      origins: read.origins("ALLOWED_ORIGINS"),
    },
  };
  if (errors.length > 0 || !db || !kv || !ring || !identityKeys || !upstream) {
    const incomplete = db !== null && errors.length === missing.length;
    return { faults: errors, firstStart: incomplete ? { missing, db, assets } : null };
  }
  return { config: { db, kv, assets, ring, identityKeys, upstream, ...settings } };
}

function reader(env: Env, errors: string[], missing: MissingValue[]) {
  function text(name: string): string | null {
    const value = env[name];
    if (value === undefined || value === "") return null;
    if (typeof value === "string") return value;
    errors.push(`${name} must be text`);
    return null;
  }

  function reportMissing(name: MissingValue, what: string): null {
    errors.push(`${name} is missing: ${what}`);
    missing.push(name);
    return null;
  }

  function secret(name: MissingValue): string | null {
    const given = text(name);
    return given === PLACEHOLDER ? null : given;
  }

  return {
    text,
    binding<T>(name: string, member: string, what: string): T | null {
      const value = env[name] as Record<string, unknown> | undefined;
      if (typeof value?.[member] === "function") return value as T;
      errors.push(`${name} must be bound to ${what}`);
      return null;
    },
    limit(name: string): RateLimit | null {
      return env[name] === undefined ? null : this.binding<RateLimit>(name, "limit", "a rate limit");
    },
    number(name: string, fallback: number, least: number, most: number): number {
      const given = text(name);
      if (given === null) return fallback;
      const value = Number(given);
      if (/^\d+(\.\d+)?$/.test(given) && value >= least && value <= most) return value;
      errors.push(`${name} must be a number from ${least} to ${most}`);
      return fallback;
    },
    whole(name: string, fallback: number, least: number, most: number): number {
      const value = this.number(name, fallback, least, most);
      if (Number.isInteger(value)) return value;
      errors.push(`${name} must be a whole number`);
      return fallback;
    },
    choice<const C extends string>(name: string, choices: readonly C[], fallback: C): C {
      const given = text(name) ?? fallback;
      const choice = choices.find((each) => each === given);
      if (choice !== undefined) return choice;
      errors.push(`${name} must be one of ${choices.join(", ")}`);
      return fallback;
    },
    list(name: string): readonly string[] {
      return (text(name) ?? "")
        .split(",")
        .map((item) => item.trim())
        .filter((item) => item !== "");
    },
    /** A mistyped id here would be a key that somebody believes to be blocked. */
    keyIds(name: string): ReadonlySet<string> {
      const listed = this.list(name).map((id) => id.toLowerCase());
      if (!listed.every((id) => KEY_ID.test(id))) errors.push(`${name} must list ids of keys, with commas in between`);
      return new Set(listed);
    },
    hosts(name: string): ReadonlySet<string> {
      const listed = this.list(name).map((host) => host.toLowerCase());
      if (!listed.every((host) => URL.parse(`https://${host}`)?.host === host))
        errors.push(`${name} must list host names such as api.example.com, with commas in between`);
      return new Set(listed);
    },
    origins(name: string): ReadonlySet<string> {
      const listed = this.list(name);
      for (const item of listed) {
        if (!/^https?:/.test(item) || URL.parse(item)?.origin !== item)
          errors.push(`${name} must list origins such as https://console.example.com`);
      }
      return new Set(listed);
    },
    keyRing(): KeyRing | null {
      const given = secret("KEY_RING");
      if (given === null) return reportMissing("KEY_RING", "the first-start page or npm run bootstrap makes one");
      const result = readKeyRing(given);
      if ("ring" in result) return result.ring;
      errors.push(...result.faults.map((error) => `KEY_RING: ${error}`));
      return null;
    },
    identityKeys(): IdentityKeys | null {
      const given = secret("IDENTITY_KEYS");
      if (given === null) return reportMissing("IDENTITY_KEYS", "the first-start page or npm run bootstrap makes them");
      const keys = parseIdentityKeys(given);
      if (keys === null)
        errors.push("IDENTITY_KEYS must be a JWK set of private Ed25519 keys with distinct kid members");
      return keys;
    },
    credential(name: string): string | null {
      const given = text(name);
      // RFC 9110 section 5.5. A new line behind a pasted secret would otherwise fail every call.
      if (given === null || /^[!-~](?:[ -~]*[!-~])?$/.test(given)) return given;
      errors.push(`${name} must be one line of printable ASCII, without spaces around it`);
      return null;
    },
    upstream(): Config["upstream"] | null {
      const binding = env.UPSTREAM === undefined ? null : this.binding<Fetcher>("UPSTREAM", "fetch", "a Worker");
      const given = text("UPSTREAM_URL");
      // An UPSTREAM that is bound to something else has its own error.
      if (given === null && env.UPSTREAM === undefined) {
        return reportMissing("UPSTREAM_URL", "the origin of the API behind Gatehouse, or bind a Worker as UPSTREAM");
      }
      const origin = readUpstreamOrigin(given, errors);
      if (origin === null) return null;
      return {
        origin,
        binding,
        audience: text("UPSTREAM_AUDIENCE") ?? origin,
        authorization: this.credential("UPSTREAM_AUTHORIZATION"),
        timeoutMs: this.number("UPSTREAM_TIMEOUT_SECONDS", 30, 0.1, 600) * 1_000,
      };
    },
  };
}

const KEY_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

function readUpstreamOrigin(given: string | null, errors: string[]): string | null {
  // Behind a service binding the host is only a name; it must still be one that nobody else can own.
  if (given === null) return "https://upstream.invalid";
  const url = URL.parse(given);
  const plain = url !== null && (given === url.origin || given === `${url.origin}/`);
  if (!plain || (url.protocol !== "https:" && url.protocol !== "http:")) {
    errors.push("UPSTREAM_URL must be an origin alone: https, a host, no user, no path, no query, no fragment");
    return null;
  }
  if (url.protocol === "http:" && !LOOPBACK.test(url.hostname)) {
    errors.push("UPSTREAM_URL must be https: the identity of callers would travel in the clear");
    return null;
  }
  return url.origin;
}

function parseIdentityKeys(json: string): IdentityKeys | null {
  try {
    const { keys } = JSON.parse(json) as { keys: IdentityKeys };
    const whole = keys.every(
      ({ kty, crv, x, d, kid }) =>
        kty === "OKP" && crv === "Ed25519" && isKeyPart(x) && isKeyPart(d) && typeof kid === "string" && kid !== "",
    );
    return whole && keys.length > 0 && new Set(keys.map(({ kid }) => kid)).size === keys.length ? keys : null;
  } catch {
    return null;
  }
}

// 32 bytes as base64url (RFC 8037 section 2): anything else would fail with the first call instead of at the start.
function isKeyPart(part: unknown): boolean {
  return typeof part === "string" && /^[\w-]{42}[AEIMQUYcgkosw048]$/.test(part);
}
