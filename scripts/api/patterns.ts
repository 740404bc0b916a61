// Whether a pattern of a document may be matched against the paths of every client: how many ways through it a backtracking
// matcher can try is bounded from above, and a pattern with more than a few thousand is left out.
import { MAX_PATH_LENGTH } from "../../src/core/routing/canonical-path.ts";

const MOST_WAYS = 16 * MAX_PATH_LENGTH;

const ATOM = /\[(?:[^\]\\]|\\.)*\]|\\[pP]\{[^}]*\}|\\u\{[^}]*\}|\\u[\da-fA-F]{4}|\\x[\da-fA-F]{2}|\\.|[^\\]/suy;
const QUANTIFIER = /(?:[*+?]|\{(\d+)(,?)(\d*)\})\??/y;
/** What has no bound here: assertions about what is around, and references to what was matched. */
const UNBOUNDED = /\(\?[=!<]|\\[1-9k]/;

/**
 * A pattern of JSON Schema as it may be used.
 *
 * @returns the pattern, without escapes that the Unicode mode of ECMAScript does not have; or why it is left out
 */
export function usablePattern(pattern: string): { readonly pattern: string } | { readonly reason: string } {
  // `\:` and the like: JSON Schema recommends Unicode mode, but many documents are written for the other.
  const usable = [pattern, pattern.replace(/\\([^\w\s^$\\.*+?()[\]{}|/-])/g, "$1")].find(compiles);
  if (usable === undefined) return { reason: "it is no regular expression of ECMAScript" };
  if (UNBOUNDED.test(usable)) return { reason: "it has an assertion or a back reference" };
  const isAnchored = usable.startsWith("^") && !usable.includes("|");
  // Nothing behind a quantifier at the end can fail, so that it is never tried again.
  const ways = waysThrough(usable.replace(/(?<!\\)[*+]$/, "")) * (isAnchored ? 1 : MAX_PATH_LENGTH);
  if (ways <= MOST_WAYS) return { pattern: usable };
  return { reason: "a value can be made that takes long to match" };
}

function compiles(pattern: string): boolean {
  try {
    return new RegExp(pattern, "u") !== null;
  } catch {
    return false;
  }
}

/** At least as many as the ways in which a pattern can match the beginnings of one string; ends at infinity. */
function waysThrough(pattern: string): number {
  let at = 0;
  /** @returns the ways of what is up to the closing parenthesis or the end */
  const alternatives = (): number => {
    let sum = 0;
    let product = 1;
    while (at < pattern.length && pattern[at] !== ")") {
      if (pattern[at] === "|") {
        sum += product;
        product = 1;
        at += 1;
        continue;
      }
      product *= quantified(atom());
    }
    return sum + product;
  };
  const atom = (): number => {
    if (pattern[at] === "(") {
      at += pattern.startsWith("(?:", at) ? 3 : 1;
      const ways = alternatives();
      at += 1;
      return ways;
    }
    ATOM.lastIndex = at;
    at += ATOM.exec(pattern)?.[0].length ?? 1;
    return 1;
  };
  const quantified = (ways: number): number => {
    QUANTIFIER.lastIndex = at;
    const found = QUANTIFIER.exec(pattern);
    if (found === null) return ways;
    at += found[0].length;
    const [least, most] = boundsOf(found);
    if (ways === 1) return most - least + 1;
    let sum = 0;
    for (let times = least; times <= most && sum <= MOST_WAYS; times++) sum += ways ** times;
    return sum;
  };
  return alternatives();
}

function boundsOf([whole = "", from, comma, to]: RegExpExecArray): readonly [least: number, most: number] {
  if (whole.startsWith("?")) return [0, 1];
  if (from === undefined) return [whole.startsWith("+") ? 1 : 0, MAX_PATH_LENGTH];
  if (comma === "") return [Number(from), Number(from)];
  return [Number(from), to === "" || to === undefined ? Math.max(MAX_PATH_LENGTH, Number(from)) : Number(to)];
}
