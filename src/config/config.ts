// Turns the bindings and variables of the Worker into a configuration that is complete and parsed, or into the list of all
// errors in them. Past this file nothing is optional or unparsed.

import { api } from "#api";
import { DEFAULT_MANAGEMENT_PREFIX } from "../core/routing/gatehouse-operations.ts";
import { isReservedPath } from "../core/routing/match-operation.ts";
import type { KeyRing } from "../core/token/api-key-token.ts";
import type { Policy } from "../gateway/gateway.ts";
import type { IdentityKeys } from "../gateway/proxy/identity-token.ts";
import type { Quotas } from "../store/store-config.ts";
import { readCorsHeaders } from "./cors.ts";
import { type IssuerConfig, readAccess, readOidc } from "./oidc.ts";
import { ConfigReader, type Env, isLoopback } from "./reader.ts";
import { readIdentityKeys, readSigningRing } from "./secrets.ts";
import { readUpstream, type UpstreamConfig } from "./upstream.ts";

export type { Env } from "./reader.ts";

export interface Config extends Bindings, Settings {
  readonly ring: KeyRing;
  readonly identityKeys: IdentityKeys;
  readonly upstream: UpstreamConfig;
}

interface Bindings {
  readonly db: D1Database;
  readonly kv: KVNamespace;
  /** The files of the console; `null` when they are not bound. */
  readonly assets: Fetcher | null;
  /** Keeps every signed state of the audit log; `null` when it is not bound. */
  readonly auditHeads: R2Bucket | null;
  /** Sends mail, from an address; `null`: nobody is told by mail. */
  readonly mail: { readonly binding: MailBinding; readonly from: string } | null;
}

/** The part of Cloudflare's e-mail binding that is used. */
interface MailBinding {
  send(mail: { from: string; to: string; subject: string; text: string }): Promise<unknown>;
}

interface Settings {
  readonly issuer: string;
  readonly defaultKeyRole: string | null;
  readonly policy: Policy;
  /** The operations of Gatehouse are below this path, without a slash at its end. */
  readonly managementPrefix: string;
  /** Below this path, which ends in a slash, unknown operations are forwarded; `null`: nowhere. */
  readonly forwardBelow: string | null;
  /** How much each account may have. */
  readonly quotas: Quotas;
  readonly endpoints: EndpointSettings;
  /** Whose reports of leaked keys are accepted besides those of their holders. */
  readonly leaks: {
    readonly secret: string | null;
    readonly githubKeysUrl: string | null;
  };
  /** The credential of the metrics; `null`: there are none. */
  readonly metricsToken: string | null;
  readonly keyCacheSize: number;
  /** How often the last use of a key in use is written, and its count. */
  readonly lastUseIntervalMs: number;
  readonly staleIfErrorMs: number;
  /** How long a denied request can be explained. */
  readonly denialRetentionMs: number;
  /** The issuers of operators' tokens; `null`: operators cannot authenticate that way. */
  readonly oidc: IssuerConfig | null;
  readonly access: IssuerConfig | null;
  /** A limit that is `null` does not limit. */
  readonly limits: {
    readonly authFailures: RateLimit | null;
    readonly perKey: RateLimit | null;
    readonly periodSeconds: number;
  };
  readonly log: { readonly sample: number; readonly format: "json" | "pretty" };
}

/** A deployment that lacks these values and has no other error: the first-start page says how to set them. */
export interface FirstStart {
  readonly missing: readonly string[];
  readonly db: D1Database;
  readonly assets: Fetcher | null;
}

export interface InvalidConfig {
  readonly errors: readonly string[];
  /** `null`: there are other errors than missing values. */
  readonly firstStart: FirstStart | null;
}

/**
 * Reads the configuration.
 *
 * @returns the whole of it, or every error at once; no error repeats a value
 */
export function readConfig(env: Env): { readonly config: Config } | InvalidConfig {
  const read = new ConfigReader(env);
  const db = read.binding<D1Database>("DB", "prepare", "a D1 database");
  const kv = read.binding<KVNamespace>("KEY_COPIES", "get", "a KV namespace");
  const assets = read.optionalBinding<Fetcher>("ASSETS", "fetch", "static assets");
  const auditHeads = read.optionalBinding<R2Bucket>("AUDIT_HEADS", "put", "an R2 bucket");
  const mail = readMail(read);
  const ring = readSigningRing(read);
  const identityKeys = readIdentityKeys(read);
  const upstream = readUpstream(read);
  const settings = readSettings(read);
  if (upstream?.servesPages && settings.access !== null && settings.policy.consoleHost === null) {
    read.errors.push(SHARED_ORIGIN);
  }
  read.rejectUnknownNames();
  const { errors, missing } = read;
  if (errors.length > 0 || !db || !kv || !ring || !identityKeys || !upstream) {
    const incomplete = db !== null && errors.length === missing.length;
    return { errors, firstStart: incomplete ? { missing, db, assets } : null };
  }
  return { config: { db, kv, assets, auditHeads, mail, ring, identityKeys, upstream, ...settings } };
}

const SHARED_ORIGIN =
  "CONSOLE_HOST is missing: with UPSTREAM_SERVES_PAGES and ACCESS_TEAM_DOMAIN, every page of the upstream could act for " +
  "the operators who open it";

function readSettings(read: ConfigReader): Settings {
  return {
    issuer: read.text("IDENTITY_ISSUER") ?? "gatehouse",
    defaultKeyRole: read.text("DEFAULT_KEY_ROLE"),
    policy: readPolicy(read),
    managementPrefix: readManagementPrefix(read),
    forwardBelow: readForwardBelow(read),
    quotas: {
      apiKeys: read.whole("QUOTA_API_KEYS", 10_000, 1, 10_000_000),
      roles: read.whole("QUOTA_ROLES", 100, 1, 10_000),
      allowLists: read.whole("QUOTA_ALLOW_LISTS", 100, 1, 10_000),
      operators: read.whole("QUOTA_OPERATORS", 500, 1, 10_000),
      endpoints: read.whole("QUOTA_ENDPOINTS", 10, 1, 100),
    },
    endpoints: readEndpoints(read),
    leaks: readLeaks(read),
    metricsToken: readMetricsToken(read),
    keyCacheSize: read.whole("KEY_CACHE_SIZE", 10_000, 1, 100_000),
    lastUseIntervalMs: read.whole("LAST_USE_INTERVAL_SECONDS", 3_600, 60, 86_400) * 1_000,
    staleIfErrorMs: read.number("STALE_IF_ERROR_SECONDS", 60, 0, 300) * 1_000,
    denialRetentionMs: read.number("DENIAL_RETENTION_SECONDS", 86_400, 0, 2_592_000) * 1_000,
    oidc: readOidc((name) => read.text(name), read.errors),
    access: readAccess((name) => read.text(name), read.errors),
    limits: {
      authFailures: read.optionalBinding<RateLimit>("AUTH_FAILURE_RATE_LIMIT", "limit", "a rate limit"),
      perKey: read.optionalBinding<RateLimit>("KEY_RATE_LIMIT", "limit", "a rate limit"),
      periodSeconds: Number(read.choice("LIMIT_PERIOD_SECONDS", ["10", "60"], "60")),
    },
    log: {
      sample: read.number("LOG_SAMPLE", 0, 0, 1),
      format: read.choice("LOG_FORMAT", ["json", "pretty"], "json"),
    },
  };
}

function readMail(read: ConfigReader): Bindings["mail"] {
  const binding = read.optionalBinding<MailBinding>("SEND_EMAIL", "send", "a sender of e-mail");
  const from = read.text("MAIL_FROM");
  if (binding !== null && from !== null && /^[\x21-\x7e]+@[a-z\d.-]+$/i.test(from)) return { binding, from };
  if (binding !== null || from !== null) read.errors.push("MAIL_FROM must be an e-mail address, beside SEND_EMAIL");
  return null;
}

function readLeaks(read: ConfigReader): Settings["leaks"] {
  const secret = read.secret("LEAK_REPORT_SECRET");
  if (secret !== null && !/^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/.test(secret)) {
    read.errors.push("LEAK_REPORT_SECRET must be whsec_ and base64 of 24 to 64 bytes");
  }
  const url = read.text("GITHUB_KEYS_URL") ?? "https://api.github.com/meta/public_keys/secret_scanning";
  const parsed = URL.parse(url);
  if (url !== "none" && parsed?.protocol !== "https:" && !isLoopback(parsed?.hostname ?? "")) {
    read.errors.push("GITHUB_KEYS_URL must be an https URL, or none");
  }
  return { secret, githubKeysUrl: url === "none" ? null : url };
}

// A bearer token as in RFC 6750 section 2.1. Shorter ones can be guessed.
function readMetricsToken(read: ConfigReader): string | null {
  const token = read.secret("METRICS_TOKEN");
  if (token !== null && !/^[\w.~+/-]{32,512}={0,2}$/.test(token)) {
    read.errors.push("METRICS_TOKEN must have 32 to 512 letters, digits or -._~+/");
  }
  return token;
}

/** How events are sent to endpoints. */
export interface EndpointSettings {
  /** Whether they may be sent to this machine in plain http, for development. */
  readonly allowLoopback: boolean;
  /** Resolves the hosts of endpoints, by DNS over HTTPS with JSON; `null`: nothing does. */
  readonly resolverUrl: string | null;
}

function readEndpoints(read: ConfigReader): EndpointSettings {
  const resolver = read.text("ENDPOINT_RESOLVER_URL") ?? "https://cloudflare-dns.com/dns-query";
  const url = URL.parse(resolver);
  if (resolver !== "none" && url?.protocol !== "https:" && !isLoopback(url?.hostname ?? "")) {
    read.errors.push("ENDPOINT_RESOLVER_URL must be an https URL, or none");
  }
  return {
    allowLoopback: read.choice("ALLOW_LOOPBACK_ENDPOINTS", ["true", "false"], "false") === "true",
    resolverUrl: resolver === "none" ? null : resolver,
  };
}

function readForwardBelow(read: ConfigReader): string | null {
  const prefix = read.text("API_PATH_PREFIX") ?? `${api.prefix}/`;
  if (!/^\/(?:[\w\-.~]*[\w\-~]\/)*$/.test(prefix)) read.errors.push("API_PATH_PREFIX must be a path such as /api/v1/");
  return read.choice("UNKNOWN_OPERATIONS", ["deny", "admin"], "deny") === "admin" ? prefix : null;
}

function readManagementPrefix(read: ConfigReader): string {
  const prefix = read.text("MANAGEMENT_PREFIX") ?? DEFAULT_MANAGEMENT_PREFIX;
  const isPath = /^(?:\/[\w\-.~]*[\w\-~])+$/.test(prefix);
  if (!isPath || isReservedPath(prefix)) read.errors.push("MANAGEMENT_PREFIX must be a path such as /gatehouse/v1");
  return prefix;
}

function readPolicy(read: ConfigReader): Policy {
  const hosts = read.list("ALLOWED_HOSTS", parseHost, "host names such as api.example.com");
  const consoleHost = readConsoleHost(read);
  return {
    strongCheck: read.choice("STRONG_CHECK", ["mutations", "all"], "mutations"),
    speculativeForwarding: read.choice("SPECULATIVE_FORWARDING", ["safe", "off"], "safe") === "safe",
    allowWebSockets: read.choice("ALLOW_WEBSOCKETS", ["true", "false"], "false") === "true",
    // An error here is a key that an operator believes to be blocked.
    blockedKeyIds: read.list("BLOCKED_KEY_IDS", parseKeyId, "ids of API keys"),
    hosts: hosts.size === 0 || consoleHost === null ? hosts : new Set([...hosts, consoleHost]),
    consoleHost,
    origins: read.list("ALLOWED_ORIGINS", parseOrigin, "origins such as https://console.example.com"),
    cors: readCorsHeaders(read),
  };
}

function readConsoleHost(read: ConfigReader): string | null {
  const text = read.text("CONSOLE_HOST");
  const host = text === null ? null : parseHost(text);
  if (text !== null && host === null)
    read.errors.push("CONSOLE_HOST must be one host name such as console.example.com");
  return host;
}

function parseKeyId(text: string): string | null {
  const id = text.toLowerCase();
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id) ? id : null;
}

function parseHost(text: string): string | null {
  const host = text.toLowerCase();
  return /^[\w.\-:[\]]+$/.test(host) && URL.parse(`https://${host}`)?.host === host ? host : null;
}

function parseOrigin(text: string): string | null {
  return /^https?:/.test(text) && URL.parse(text)?.origin === text ? text : null;
}
