// The canonical path of a request: the one string that is matched, logged, forwarded and signed. Nothing here decodes or
// repairs it; only the hexadecimal digits of percent-encoding become upper case.

/** The most characters that a path may have; the query is not counted. */
export const MAX_PATH_LENGTH = 2048;

// No "%", ";", backslash, quote or space: no character that two servers could read in two ways. No segment ends in a dot, which
// excludes "." and "..", and names that some file systems shorten.
const PLAIN = /^(?:\/[\w\-.~!$&'()*+,=:@]*[\w\-~!$&'()*+,=:@])*\/?$/;
const ENCODED = /^(?:\/(?:[\w\-.~!$&'()*+,=:@]|%[\dA-Fa-f]{2})+)+\/?$/;

// RFC 3986 section 2.3: an unreserved character is never encoded. Controls (C0, DEL, C1), "%" and a backslash are nowhere allowed.
const DENIED_OCTETS = /%(?:[01].|7F|2[5DE]|3\d|4[1-9A-F]|5[\dACF]|6[1-9A-F]|7[\dAE]|C2%[89].)/;

/**
 * The path of a URL, or `null` when it is not canonical: the gateway answers 400 and forwards nothing.
 *
 * A path that is not plain (`isPlainPath`) is canonical only where every segment with a "%", or with a dot at its end, is the
 * value of a parameter: `matchOperation` denies it otherwise.
 *
 * @param url `request.url`: absolute, with dot segments already removed by the runtime
 */
export function canonicalPath(url: string): string | null {
  const scheme = url.indexOf("://");
  // Clients never send a fragment, and some parsers ignore everything after it.
  if (scheme === -1 || url.includes("#")) return null;
  const start = url.indexOf("/", scheme + 3);
  if (start === -1) return null;
  const query = url.indexOf("?");
  const path = query === -1 ? url.slice(start) : url.slice(start, query);
  // Empty: the first slash is in the query.
  if (path.length === 0 || path.length > MAX_PATH_LENGTH) return null;
  return PLAIN.test(path) ? path : withValues(path);
}

/** Whether no segment of a canonical path has a "%" or ends in a dot. */
export function isPlainPath(path: string): boolean {
  return PLAIN.test(path);
}

function withValues(path: string): string | null {
  if (!ENCODED.test(path)) return null;
  // RFC 3986 section 6.2.2.1.
  const canonical = path.replace(/%../g, (octet) => octet.toUpperCase());
  if (DENIED_OCTETS.test(canonical)) return null;
  try {
    // Between slashes, encoded ones included, so that no dot segment arises where an upstream decodes them.
    return canonical.split(/\/|%2F/).some((text) => isMisread(decodeURIComponent(text))) ? null : canonical;
  } catch {
    // The octets are not UTF-8.
    return null;
  }
}

/** Whether a server could read a text as a dot segment, or find a separator or another encoding in it. */
function isMisread(text: string): boolean {
  if (text === "") return false;
  const folded = folding(text);
  return /[/\\%]/.test(folded) || /^[\s.]*\.[\s.]*$/.test(folded);
}

/**
 * A canonical path as the most lenient server would read it: decoded once, in lower case, with look-alikes, accents and what is
 * invisible folded, slashes merged, and no dots or blanks at the ends of segments. To compare with names that are reserved.
 */
export function lenientReading(path: string): string {
  return folding(decodeURIComponent(path))
    .replace(/\/{2,}/g, "/")
    .replace(/[\s.]+(?=\/|$)/g, "");
}

// Unicode's compatibility decomposition (UAX 15), then both cases: some servers compare in upper case.
function folding(text: string): string {
  const decomposed = text.normalize("NFKD").replace(/[\p{M}\p{Default_Ignorable_Code_Point}]/gu, "");
  return decomposed.toUpperCase().toLowerCase();
}

/** The query of a URL with its "?", byte for byte; "" when there is none. */
export function queryOf(url: string): string {
  const start = url.indexOf("?");
  return start === -1 ? "" : url.slice(start);
}
