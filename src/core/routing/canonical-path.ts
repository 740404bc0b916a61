// The canonical path of a request. The string that is matched is the string that is logged and forwarded, so nothing here
// decodes, folds or repairs.

/** The most characters that a path may have; the query is not counted. */
export const MAX_PATH_LENGTH = 2048;

// No "%", ";", backslash, quote or space: no character that two servers could read in two ways. A segment may not end in a
// dot, which excludes "." and "..", and names that some file systems shorten.
const CANONICAL = /^(?:\/[\w\-.~!$&'()*+,=:@]*[\w\-~!$&'()*+,=:@])*\/?$/;

/**
 * The path of a URL, or `null` when it is not canonical: the gateway answers 400 and forwards nothing.
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
  return CANONICAL.test(path) ? path : null;
}

/** The query of a URL with its "?", byte for byte; "" when there is none. */
export function queryOf(url: string): string {
  const start = url.indexOf("?");
  return start === -1 ? "" : url.slice(start);
}
