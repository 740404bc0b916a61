// What a request came with, and from where.
import { type Address, parseAddress } from "../core/ip/ip-address.ts";

/** A request whose method and URL were read once: each access to a member of a `Request` leaves JavaScript for the runtime. */
export interface IncomingRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  /** As the runtime gave it: its body, and what the platform says in `cf`. */
  readonly raw: Request;
}

/** The client of a request: its address as text for the upstream and the log, and parsed for CIDR rules. */
export interface Client {
  readonly text: string;
  readonly address: Address;
}

/** Where Cloudflare says that a request comes from: ISO 3166-1 alpha-2, or `T1` for Tor; `null`: it does not say. */
export function countryOf({ raw }: IncomingRequest): string | null {
  const { cf } = raw as { readonly cf?: { readonly country?: unknown } };
  const country = cf?.country;
  // XX: Cloudflare does not know either.
  return typeof country === "string" && /^[A-Z\d]{2}$/.test(country) && country !== "XX" ? country : null;
}

export function toIncomingRequest(raw: Request): IncomingRequest {
  return { method: raw.method, url: raw.url, headers: raw.headers, raw };
}

/**
 * The client as Cloudflare saw it: `CF-Connecting-IP`, which clients cannot set. No other header is trusted.
 *
 * @returns `null` when the header is not exactly one address: no allow list contains it, and the upstream is not told it
 */
export function readClient(headers: Headers): Client | null {
  const text = headers.get("cf-connecting-ip") ?? "";
  const address = parseAddress(text);
  return address === null ? null : { text, address };
}
