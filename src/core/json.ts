// JSON in the body of a request: whether its headers say that it is JSON, and how it is read.

const CHARSETS: ReadonlySet<string> = new Set(["utf-8", "utf8"]);

/**
 * Why a body is not read as JSON.
 *
 * @param contentType the values of the headers, `null` without one
 * @returns one sentence for a 415 (RFC 9110 section 15.5.16); `null`: it is read
 */
export function mediaTypeError(contentType: string | null, contentEncoding: string | null): string | null {
  const charsets = contentType === null ? null : charsetsOfJson(contentType);
  if (charsets === null) return "The body must be application/json.";
  // RFC 8259 section 8.1.
  if (!charsets.every((charset) => CHARSETS.has(charset.toLowerCase()))) {
    return "The body must be in UTF-8, which application/json needs no charset parameter for.";
  }
  const isEncoded = contentEncoding !== null && contentEncoding.toLowerCase() !== "identity";
  return isEncoded ? "The body must not have a content encoding." : null;
}

/** The `charset` parameters of an application/json with any parameters; `null` for another or an invalid media type. */
function charsetsOfJson(contentType: string): readonly string[] | null {
  const type = /^[ \t]*application\/json/i.exec(contentType);
  if (type === null) return null;
  // RFC 9110 section 5.6.6. A sticky expression for each parameter, since one for all would backtrack.
  const parameter = /[ \t]*;[ \t]*(?:([\w!#$%&'*+.^`|~-]+)=([\w!#$%&'*+.^`|~-]+|"(?:[^"\\]|\\.)*"))?/y;
  const charsets: string[] = [];
  let end = type[0].length;
  for (;;) {
    parameter.lastIndex = end;
    const found = parameter.exec(contentType);
    if (found === null) break;
    end = parameter.lastIndex;
    const [, name, value = ""] = found;
    if (name?.toLowerCase() === "charset") charsets.push(value.replace(/^"|"$|\\(.)/g, "$1"));
  }
  return /^[ \t]*$/.test(contentType.slice(end)) ? charsets : null;
}

/**
 * Reads JSON in UTF-8. A byte order mark is an error (RFC 8259 section 8.1), and so is a member that is given twice, of which
 * two readers could take different ones.
 *
 * @returns the value; or the name of the first member that is given twice; or `invalid`. The parser's own message would repeat
 *   the input
 */
export function readJson(
  bytes: Uint8Array,
): { readonly value: unknown } | { readonly duplicate: string } | { readonly invalid: true } {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    const duplicate = duplicateMember(text);
    return duplicate === null ? { value } : { duplicate };
  } catch {
    return { invalid: true };
  }
}

/** The first name that an object in valid JSON has twice, also in another spelling such as "\u0061" for "a". */
function duplicateMember(text: string): string | null {
  /** The names of each object around the token; `null`: a list. */
  const open: (Set<string> | null)[] = [];
  let lastString = "";
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/g)) {
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(null);
    else if (token === "}" || token === "]") open.pop();
    else if (token !== ":") lastString = token;
    else {
      const name = JSON.parse(lastString) as string;
      const names = open.at(-1);
      if (names?.has(name)) return name;
      names?.add(name);
    }
  }
  return null;
}
