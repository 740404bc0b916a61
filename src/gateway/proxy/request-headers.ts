// The headers of a forwarded request: which of the client's (all but those of denied kinds, or only those of an allow-list), and
// how the client has reached the gateway.
import { isForwardable, isSuspect } from "./denied-headers.ts";

/** Whether a header of the client may be forwarded. The name is lower case, as `Headers` gives it. */
export type HeaderFilter = (name: string) => boolean;

/** What RFC 9110 and its neighbours define for requests: forwarded in the allow-list mode without being named. */
const REGISTERED = new Set([
  ...["accept", "accept-charset", "accept-encoding", "accept-language", "content-type", "content-encoding"],
  ...["content-language", "content-length", "content-location", "content-digest", "content-md5", "repr-digest"],
  ...["cache-control", "pragma", "date", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"],
  ...["if-range", "range", "max-forwards", "origin", "prefer", "priority", "referer", "user-agent", "want-repr-digest"],
  ...["idempotency-key", "traceparent", "tracestate"],
]);

/** Names of headers whose filtering is remembered. More come from nobody but a client that makes them up. */
const MAX_CACHED_NAMES = 1_000;

/**
 * The filter for the headers of requests.
 *
 * @param allowed `FORWARD_HEADERS` in lower case: forwarded besides the registered ones, and nothing else; `null`: every
 *   header is forwarded that is of no denied kind
 */
export function createHeaderFilter(allowed: ReadonlySet<string> | null): HeaderFilter {
  const decide: HeaderFilter =
    allowed === null
      ? (name) => isForwardable(name) && !isSuspect(name)
      : (name) => isForwardable(name) && (allowed.has(name) || REGISTERED.has(name));
  const decided = new Map<string, boolean>();
  return (name) => {
    const known = decided.get(name);
    if (known !== undefined) return known;
    if (decided.size >= MAX_CACHED_NAMES) decided.clear();
    const forwarded = decide(name);
    decided.set(name, forwarded);
    return forwarded;
  };
}

/**
 * The client's headers that are forwarded, and how the client has reached the gateway. The gateway adds its others.
 *
 * Names that the client lists in `Connection` are dropped as well (RFC 9110 section 7.6.1). The gateway's own headers are set
 * afterwards, so that no client can drop them. No name here can be `__proto__`: names with an underscore are dropped.
 *
 * @param client all header fields of the client
 * @param url of the client's request
 * @param address the client's, or `null` when it is not known
 * @returns them by lower-case name; and whether a value has bytes that are no UTF-8, which a string cannot hold
 */
export function upstreamRequestHeaders(
  client: ReadonlyMap<string, string>,
  url: string,
  address: string | null,
  mayForward: HeaderFilter,
): { readonly kept: Record<string, string>; readonly hasRawBytes: boolean } {
  const kept: Record<string, string> = {};
  const hops = listedHops(client.get("connection"));
  // The client may have put its key into another header as well: no server behind the gateway may see it.
  const token = client.get("authorization")?.slice("Bearer ".length) || null;
  let hasRawBytes = false;
  for (const [name, value] of client) {
    if (!mayForward(name) || hops.has(name) || containsSecret(value, token)) continue;
    kept[name] = value;
    if (value.includes("\ufffd")) hasRawBytes = true;
  }
  addForwardedHeaders(kept, url, address);
  return { kept, hasRawBytes };
}

/**
 * The same headers with the bytes that the client sent: the runtime copies them without making strings of them.
 *
 * @param kept which of the client's headers are forwarded, with the gateway's own
 */
export function withRawBytes(client: Headers, kept: Readonly<Record<string, string>>): Headers {
  const headers = new Headers(client);
  for (const name of [...headers.keys()]) {
    if (!Object.hasOwn(kept, name)) headers.delete(name);
  }
  for (const [name, value] of Object.entries(kept)) {
    if (client.get(name) !== value) headers.set(name, value);
  }
  return headers;
}

// Of the request that was sent last. `fetch` copies headers before it returns, so no two requests meet in them.
let sent: { readonly headers: Headers; values: Readonly<Record<string, string>> } = {
  headers: new Headers(),
  values: {},
};

/**
 * Headers for `fetch`: those of the last request with what is different in this one. Requests mostly differ in few values, and
 * each value that is handed to the runtime costs (npm run bench:instructions).
 *
 * @param wanted by lower-case name
 * @returns exactly these headers, to be used before anything is awaited
 */
export function reuseHeaders(wanted: Readonly<Record<string, string>>): Headers {
  const { headers, values } = sent;
  if (!haveSameNames(values, wanted)) {
    sent = { headers: new Headers(wanted), values: wanted };
    return sent.headers;
  }
  // Whatever throws below, the next request starts with new headers.
  sent.values = {};
  for (const name in wanted) {
    const value = wanted[name] as string;
    if (values[name] !== value) headers.set(name, value);
  }
  sent.values = wanted;
  return headers;
}

function haveSameNames(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  let left = Object.keys(one).length;
  for (const name in other) {
    if (!Object.hasOwn(one, name)) return false;
    left--;
  }
  return left === 0;
}

function containsSecret(value: string, token: string | null): boolean {
  return token !== null && value.length >= token.length && value.includes(token);
}

const NO_HOPS: ReadonlySet<string> = new Set();

/** The field names that a `Connection` header lists, in lower case. */
export function listedHops(connection: string | null | undefined): ReadonlySet<string> {
  // What nearly everybody sends; `keep-alive` is dropped in any case.
  if (!connection || connection.toLowerCase() === "keep-alive") return NO_HOPS;
  const names = connection.toLowerCase().split(",");
  return new Set(names.map((name) => name.trim()));
}

/** Under which origin a client has reached the gateway. */
export interface ClientOrigin {
  /** Scheme, host and port, as in the URL of the request. */
  readonly origin: string;
  readonly host: string;
  readonly proto: string;
}

// Requests of one isolate come for few hosts, mostly for one.
let last: ClientOrigin = { origin: "", host: "", proto: "" };

/** The origin of a request's URL, as the runtime gives it: absolute and normalized. */
export function clientOrigin(url: string): ClientOrigin {
  const hostStart = url.indexOf("://") + 3;
  const origin = url.slice(0, url.indexOf("/", hostStart));
  if (origin !== last.origin) last = { origin, host: origin.slice(hostStart), proto: origin.slice(0, hostStart - 3) };
  return last;
}

/**
 * Tells the upstream how the client has reached the gateway: `X-Forwarded-*`, and RFC 7239 `Forwarded`.
 *
 * @param address the client's, or `null` when it is not known
 */
function addForwardedHeaders(headers: Record<string, string>, url: string, address: string | null): void {
  const { host, proto } = clientOrigin(url);
  headers["x-forwarded-host"] = host;
  headers["x-forwarded-proto"] = proto;
  if (address === null) {
    headers.forwarded = `host="${host}";proto=${proto}`;
    return;
  }
  headers["x-forwarded-for"] = address;
  // RFC 7239 section 6: an IPv6 address stands in brackets and quotes.
  const node = address.includes(":") ? `"[${address}]"` : address;
  headers.forwarded = `for=${node};host="${host}";proto=${proto}`;
}
