// Absolute URLs of the upstream in response headers, wherever a client follows one: they lead through the gateway instead, so
// that no client takes its key to an address behind it.

/** Headers that are one URL: RFC 9110 sections 10.2.2 and 8.7, and those of long-running operations. */
const URL_HEADERS = ["location", "content-location", "operation-location", "azure-asyncoperation"] as const;

/** Response headers that may hold a URL of the upstream. */
export const LINKING_HEADERS: readonly string[] = [...URL_HEADERS, "link", "refresh", "sourcemap", "x-sourcemap"];

/** Where URLs of the upstream lead instead. */
export interface Rewrite {
  readonly from: string;
  /** The gateway's own origin, as the client has used it. */
  readonly to: string;
}

/**
 * A header's value with the upstream's URLs replaced.
 *
 * @returns the value as it came when it has none; `null` for a header that has to be dropped
 */
export function rewriteLinks(name: string, value: string, rewrite: Rewrite): string | null {
  const moved = moveLinks(name, value, rewrite);
  // The runtime has put U+FFFD in the place of bytes that are not UTF-8. They cannot be written again, and would name another URL.
  return moved !== value && value.includes("\ufffd") ? null : moved;
}

/** Two values of one field, which the runtime has joined: the second one is absolute, or begins at the root (RFC 3986 section 4). */
const TWO_URLS = /,\s+(?:[a-z][a-z0-9+.-]*:|[/\\])/i;

function moveLinks(name: string, value: string, rewrite: Rewrite): string | null {
  switch (name) {
    case "link":
      // RFC 8288 section 3: every target stands in angle brackets.
      return value.replace(/<([^<>]*)>/g, (whole, target: string) => {
        const moved = moveUrl(target, rewrite);
        return moved === target ? whole : `<${moved}>`;
      });
    case "refresh": {
      // HTML, "shared declarative refresh steps": a time, a separator, and a URL that may be quoted, or quoted and not closed.
      const [, before = "", quote = "", url = ""] =
        /^(\s*[\d.]*\s*[;,\s]\s*(?:url\s*=\s*)?)(["']?)(.*)$/is.exec(value) ?? [];
      const end = quote === "" ? -1 : url.indexOf(quote);
      const target = (end === -1 ? url : url.slice(0, end)).trim();
      const moved = moveUrl(target, rewrite);
      return moved === target ? value : `${before}${quote}${moved}${quote}`;
    }
    default:
      // Neither of two is to be followed.
      return TWO_URLS.test(value) ? null : moveUrl(value, rewrite);
  }
}

/**
 * A URL within the upstream under the gateway's origin; every other as it is.
 *
 * The result stays absolute: a path alone, as in `//other.example`, could name another host.
 */
function moveUrl(given: string, { from, to }: Rewrite): string {
  // URL parsers ignore these characters (URL standard, "basic URL parser").
  const url = given.replace(/[\t\r\n]/g, "");
  if (!/^\s*(?:[a-z][a-z0-9+.-]*:|[/\\]{2})/i.test(url)) return given;
  const parsed = URL.parse(url, from);
  if (parsed === null || !/^https?:$/.test(parsed.protocol) || serverOf(parsed) !== serverOf(new URL(from)))
    return given;
  return to + parsed.pathname + parsed.search + parsed.hash;
}

/**
 * Host and port of a URL. A server behind a proxy that ends TLS calls itself by the other scheme, and may keep the port of its own:
 * the default ports of both schemes (RFC 9110 section 4.2) count as one, and so does a host with the dot of the DNS root.
 */
function serverOf({ hostname, port }: URL): string {
  return `${hostname.replace(/\.$/, "")}:${port === "80" || port === "443" ? "" : port}`;
}
