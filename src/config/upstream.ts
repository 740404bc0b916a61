// The API behind the gateway: where it is, how long it may take, and what Gatehouse identifies itself to it with.
import { type ConfigReader, isLoopback } from "./reader.ts";

export interface UpstreamConfig {
  readonly origin: string;
  /** A service binding, which is fetched from instead of the network. */
  readonly binding: Fetcher | null;
  readonly audience: string;
  readonly authorization: string | null;
  readonly timeoutMs: number;
}

export function readUpstream(read: ConfigReader): UpstreamConfig | null {
  const binding = read.optionalBinding<Fetcher>("UPSTREAM", "fetch", "a Worker");
  const origin = readOrigin(read, binding !== null);
  const audience = read.text("UPSTREAM_AUDIENCE");
  const authorization = readAuthorization(read);
  const timeoutMs = read.number("UPSTREAM_TIMEOUT_SECONDS", 30, 0.1, 600) * 1_000;
  return origin === null ? null : { origin, binding, audience: audience ?? origin, authorization, timeoutMs };
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
