// Bindings and variables as given become a configuration that is complete and parsed, or a list of everything that is
// wrong with them. Past this file nothing is optional and nothing is text that still has to be understood.

import { type IssuerConfig, readAccess, readOidc } from "./config-oidc.ts";
import { type KeyRing, readKeyRing } from "./core/token/api-key-token.ts";
import type { Policy } from "./gateway/gateway.ts";
import { isForwardable } from "./gateway/proxy/denied-headers.ts";
import type { IdentityKeys } from "./gateway/proxy/identity-token.ts";
import { KNOWN_NAMES } from "./setting-names.ts";

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
    /** The headers of clients that are forwarded besides the registered ones; `null`: all but those of denied kinds. */
    readonly forwardedHeaders: ReadonlySet<string> | null;
    readonly servesPages: boolean;
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

/**
 * Read the configuration.
 *
 * @returns the whole of it, or every fault at once; no fault repeats a secret
 */
export function readConfig(env: Env): { readonly config: Config } | { readonly faults: readonly string[] } {
  const errors: string[] = [];
  const read = reader(env, errors);
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
      cors: {
        allowed: read.corsHeaders("CORS_ALLOWED_HEADERS", CORS_ALLOWED_HEADERS),
        exposed: read.corsHeaders("CORS_EXPOSED_HEADERS", CORS_EXPOSED_HEADERS),
      },
    },
  };
  if (errors.length > 0 || !db || !kv || !ring || !identityKeys || !upstream) return { faults: errors };
  return { config: { db, kv, assets, ring, identityKeys, upstream, ...settings } };
}

/** What pages send to an API, besides what the Fetch standard lets every page send. */
const CORS_ALLOWED_HEADERS = [
  ...["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "If-Modified-Since"],
  ...["If-Unmodified-Since", "If-Range", "Range", "Prefer", "Cache-Control", "X-Request-Id", "X-Requested-With"],
  ...["Traceparent", "Tracestate"],
];

/** What pages read of an API's responses, besides what the Fetch standard lets every page read. */
const CORS_EXPOSED_HEADERS = [
  ...["ETag", "Link", "Location", "Content-Location", "Content-Disposition", "Content-Range", "Accept-Ranges"],
  ...["Retry-After", "Allow", "WWW-Authenticate", "Operation-Location", "Azure-AsyncOperation", "Preference-Applied"],
  ...["Deprecation", "Sunset", "RateLimit", "RateLimit-Policy", "X-RateLimit-Limit", "X-RateLimit-Remaining"],
  ...["X-RateLimit-Reset", "X-Total-Count", "X-Request-Id", "Gatehouse-Request-Id"],
];

// RFC 9110 section 5.6.2.
const FIELD_NAME = /^[\w!#$%&'*+.^`|~-]+$/;

function reader(env: Env, errors: string[]) {
  function text(name: string): string | null {
    const value = env[name];
    if (value === undefined || value === "") return null;
    if (typeof value === "string") return value;
    errors.push(`${name} must be text`);
    return null;
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
    forwardedHeaders(name: string): ReadonlySet<string> | null {
      if (text(name) === null) return null;
      const listed = this.list(name).map((header) => header.toLowerCase());
      for (const header of listed.filter((each) => !isForwardable(each)))
        errors.push(`${name} lists ${JSON.stringify(header)}, which is never forwarded`);
      return new Set(listed);
    },
    corsHeaders(name: string, standard: readonly string[]): string {
      const listed = this.list(name);
      if (!listed.every((header) => FIELD_NAME.test(header)))
        errors.push(`${name} must list names of headers, with commas in between`);
      return [...standard, ...listed].join(", ");
    },
    keyRing(): KeyRing | null {
      const given = text("KEY_RING");
      if (given === null) {
        errors.push("KEY_RING is missing: npm run bootstrap makes one");
        return null;
      }
      const result = readKeyRing(given);
      if ("ring" in result) return result.ring;
      errors.push(...result.faults.map((error) => `KEY_RING: ${error}`));
      return null;
    },
    identityKeys(): IdentityKeys | null {
      const given = text("IDENTITY_KEYS");
      const keys = given === null ? null : parseIdentityKeys(given);
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
      const origin = readUpstreamOrigin(text("UPSTREAM_URL"), binding !== null, errors);
      if (origin === null) return null;
      return {
        origin,
        binding,
        audience: text("UPSTREAM_AUDIENCE") ?? origin,
        authorization: this.credential("UPSTREAM_AUTHORIZATION"),
        timeoutMs: this.number("UPSTREAM_TIMEOUT_SECONDS", 30, 0.1, 600) * 1_000,
        forwardedHeaders: this.forwardedHeaders("FORWARD_HEADERS"),
        servesPages: this.choice("UPSTREAM_SERVES_PAGES", ["true", "false"], "false") === "true",
      };
    },
  };
}

const KEY_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

function readUpstreamOrigin(given: string | null, bound: boolean, errors: string[]): string | null {
  if (given === null) {
    // Behind a service binding the host is only a name; it must still be one that nobody else can own.
    if (bound) return "https://upstream.invalid";
    errors.push("UPSTREAM_URL is missing: the origin of the API behind the door, or bind a Worker as UPSTREAM");
    return null;
  }
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
