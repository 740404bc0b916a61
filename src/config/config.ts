// Turns the bindings and variables of the Worker into a configuration that is complete and parsed, or into the list of all
// errors in them. Past this file nothing is optional or unparsed.

import type { KeyRing } from "../core/token/api-key-token.ts";
import type { Policy } from "../gateway/gateway.ts";
import type { IdentityKeys } from "../gateway/proxy/identity-token.ts";
import { readCorsHeaders } from "./cors.ts";
import { type IssuerConfig, readAccess, readOidc } from "./oidc.ts";
import { ConfigReader, type Env } from "./reader.ts";
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
}

interface Settings {
  readonly issuer: string;
  readonly defaultKeyRole: string | null;
  readonly policy: Policy;
  readonly keyCacheSize: number;
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
  const ring = readSigningRing(read);
  const identityKeys = readIdentityKeys(read);
  const upstream = readUpstream(read);
  const settings = readSettings(read);
  read.rejectUnknownNames();
  const { errors, missing } = read;
  if (errors.length > 0 || !db || !kv || !ring || !identityKeys || !upstream) {
    const incomplete = db !== null && errors.length === missing.length;
    return { errors, firstStart: incomplete ? { missing, db, assets } : null };
  }
  return { config: { db, kv, assets, ring, identityKeys, upstream, ...settings } };
}

function readSettings(read: ConfigReader): Settings {
  return {
    issuer: read.text("IDENTITY_ISSUER") ?? "gatehouse",
    defaultKeyRole: read.text("DEFAULT_KEY_ROLE"),
    policy: readPolicy(read),
    keyCacheSize: read.whole("KEY_CACHE_SIZE", 10_000, 1, 100_000),
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

function readPolicy(read: ConfigReader): Policy {
  return {
    strongCheck: read.choice("STRONG_CHECK", ["mutations", "all"], "mutations"),
    speculativeForwarding: read.choice("SPECULATIVE_FORWARDING", ["safe", "off"], "safe") === "safe",
    allowWebSockets: read.choice("ALLOW_WEBSOCKETS", ["true", "false"], "false") === "true",
    // An error here is a key that an operator believes to be blocked.
    blockedKeyIds: read.list("BLOCKED_KEY_IDS", parseKeyId, "ids of API keys"),
    hosts: read.list("ALLOWED_HOSTS", parseHost, "host names such as api.example.com"),
    origins: read.list("ALLOWED_ORIGINS", parseOrigin, "origins such as https://console.example.com"),
    cors: readCorsHeaders(read),
  };
}

function parseKeyId(text: string): string | null {
  const id = text.toLowerCase();
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id) ? id : null;
}

function parseHost(text: string): string | null {
  const host = text.toLowerCase();
  return URL.parse(`https://${host}`)?.host === host ? host : null;
}

function parseOrigin(text: string): string | null {
  return /^https?:/.test(text) && URL.parse(text)?.origin === text ? text : null;
}
