// Which URLs events may be sent to: public ones. An endpoint that points inward would make the gateway a client of its own network.
import { compileRules, containsAddress, toCanonicalCidr } from "../ip/cidr.ts";
import { parseAddress } from "../ip/ip-address.ts";

const MAX_LENGTH = 2_048;

/** What the IANA registries of special-purpose addresses do not call globally reachable, and what is translated to such. */
const INWARD = compileRules(
  [
    ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"],
    ...["192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"],
    ...["224.0.0.0/4", "240.0.0.0/4"],
    // All but 2000::/3, which has all global unicast addresses: so also fc00::/7, fe80::/10, ff00::/8, ::/96 and 64:ff9b::/96.
    ...["::/3", "4000::/2", "8000::/1"],
    ...["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"],
  ].map(toCanonicalCidr),
);

/** Names that no public resolver has, or that are this machine or a metadata service wherever they have an address. */
const INWARD_NAME =
  /(?:^|\.)(?:localhost|local|localdomain|internal|intranet|lan|home|corp|private|home\.arpa|test|invalid|onion)$/;

/** Whether nothing may be sent to an address: it is not a global unicast address, or it is no address. */
export function isInwardAddress(text: string): boolean {
  const address = parseAddress(text);
  return address === null || containsAddress(INWARD, address);
}

/**
 * Reads the URL of an endpoint.
 *
 * @param allowLoopback whether plain http to this machine is allowed, for development
 * @returns the URL as it is used, or what is wrong with it, without repeating it
 */
export function readEndpointUrl(
  text: string,
  allowLoopback: boolean,
): { readonly url: URL } | { readonly error: string } {
  const url = text.length > MAX_LENGTH || /[\s\p{Cc}]/u.test(text) ? null : URL.parse(text);
  if (url === null) return { error: `This must be a URL of at most ${MAX_LENGTH} characters.` };
  if (url.username !== "" || url.password !== "") return { error: "This must not have a user name or a password." };
  if (url.hash !== "") return { error: "This must not have a fragment, which is never sent." };
  if (allowLoopback && isLoopbackUrl(url)) return { url };
  if (url.protocol !== "https:") return { error: "This must be an https URL." };
  return isInwardHost(url.hostname) ? { error: "This must be a public host." } : { url };
}

/** Whether a URL names this machine, in plain http: with any port. */
export function isLoopbackUrl({ protocol, hostname }: URL): boolean {
  return protocol === "http:" && /^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(hostname);
}

/** The host's address, if it is one; `null`: a name. The parser has made every spelling of an IPv4 address a dotted quad. */
export function addressOfHost(hostname: string): string | null {
  if (hostname.startsWith("[")) return hostname.slice(1, -1);
  return parseAddress(hostname) === null ? null : hostname;
}

function isInwardHost(hostname: string): boolean {
  const address = addressOfHost(hostname);
  if (address !== null) return isInwardAddress(address);
  // A trailing dot names the same host.
  const name = hostname.replace(/\.+$/, "");
  return !name.includes(".") || INWARD_NAME.test(name) || /\.\d+$/.test(name);
}
