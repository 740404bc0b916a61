// The API behind the gateway: where it is, how long it may take, and what Gatehouse identifies itself to it with.
import { isForwardable } from "../gateway/proxy/denied-headers.ts";
import { type ConfigReader, isLoopback } from "./reader.ts";

export interface UpstreamConfig {
  readonly origin: string;
  /** A service binding, which is fetched from instead of the network. */
  readonly binding: Fetcher | null;
  readonly audience: string;
  readonly authorization: string | null;
  readonly timeoutMs: number;
  /** The headers of clients that are forwarded besides the registered ones; `null`: all but those of denied kinds. */
  readonly forwardedHeaders: ReadonlySet<string> | null;
  /** Whether its responses may act as pages of the gateway's origin. */
  readonly servesPages: boolean;
}

export function readUpstream(read: ConfigReader): UpstreamConfig | null {
  const binding = read.optionalBinding<Fetcher>("UPSTREAM", "fetch", "a Worker");
  const origin = readOrigin(read, binding !== null);
  const audience = read.text("UPSTREAM_AUDIENCE");
  const authorization = readAuthorization(read);
  const timeoutMs = read.number("UPSTREAM_TIMEOUT_SECONDS", 30, 0.1, 600) * 1_000;
  const servesPages = read.choice("UPSTREAM_SERVES_PAGES", ["true", "false"], "false") === "true";
  const forwardedHeaders = readForwardedHeaders(read);
  if (origin === null) return null;
  return { origin, binding, audience: audience ?? origin, authorization, timeoutMs, forwardedHeaders, servesPages };
}

function readForwardedHeaders(read: ConfigReader): ReadonlySet<string> | null {
  const parse = (item: string) => (isForwardable(item.toLowerCase()) ? item.toLowerCase() : null);
  const listed = read.list("FORWARD_HEADERS", parse, "headers such as X-Request-Id that may be forwarded");
  return read.text("FORWARD_HEADERS") === null ? null : listed;
}

function readOrigin(read: ConfigReader, isBound: boolean): string | null {
  const text = read.text("UPSTREAM_URL");
  // Behind a service binding the host is only a name; it must still be one that nobody can register (RFC 6761).
  if (text === null && isBound) return "https://upstream.invalid";
  if (text === null) return read.addMissing("UPSTREAM_URL", "the origin of your API, or bind a Worker as UPSTREAM");
  const error = originError(text);
  if (error === null) return new URL(text).origin;
  read.errors.push(`UPSTREAM_URL ${error}`);
  return null;
}

function originError(text: string): string | null {
  const url = URL.parse(text);
  const isOrigin = url !== null && (text === url.origin || text === `${url.origin}/`);
  if (!isOrigin || (url.protocol !== "https:" && url.protocol !== "http:")) {
    return "must be an origin alone: https, a host, no user, no path, no query, no fragment";
  }
  if (url.protocol === "https:" || isLoopback(url.hostname)) return null;
  return "must be https: the signed identity of clients would be sent unencrypted";
}

function readAuthorization(read: ConfigReader): string | null {
  const text = read.text("UPSTREAM_AUTHORIZATION");
  // RFC 9110 section 5.5. A line break behind a pasted secret would otherwise fail every request.
  if (text === null || /^[!-~](?:[ -~]*[!-~])?$/.test(text)) return text;
  read.errors.push("UPSTREAM_AUTHORIZATION must be one line of printable ASCII, without spaces around it");
  return null;
}
