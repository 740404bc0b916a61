// Under which origin a client has reached the gateway, for the upstream and for URLs in its responses.

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
export function addForwardedHeaders(headers: Record<string, string>, url: string, address: string | null): void {
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
