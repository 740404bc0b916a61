// The template of an operation's path: its grammar (docs/request-flow.md, "Templates and paths"), and the formats of its
// parameters.
import type { ParameterFormat } from "./api-description.ts";

/** One segment of a template. */
export type TemplateSegment =
  | { readonly kind: "literal"; readonly text: string }
  /** `{name}`, with the literal behind it: `:cancel` in `{name}:cancel`, "" mostly. */
  | { readonly kind: "parameter"; readonly name: string; readonly suffix: string }
  /** `{name...}`: one or more segments, to the end of the path. */
  | { readonly kind: "catch_all"; readonly name: string };

/** Whether a decoded value of a parameter has its format. */
export type FormatCheck = (value: string) => boolean;

/** The alphabet of plain paths; neither dots alone nor a dot at the end. */
const LITERAL = /^[\w\-.~!$&'()*+,=:@]*[\w\-~!$&'()*+,=:@]$/;
const PARAMETER = /^\{([\w-]+)(\.\.\.)?\}(.*)$/;
const isUuid: FormatCheck = (value) => UUID.test(value);
const isInteger: FormatCheck = (value) => INTEGER.test(value);
const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;
const INTEGER = /^-?\d+$/;

/** Segments that were parsed before: most templates of a table have theirs in common. */
export type SegmentCache = Map<string, TemplateSegment | null>;

/** A template that is within the grammar. */
export interface PathTemplate {
  readonly segments: readonly TemplateSegment[];
  /** Of the parameters, in order. */
  readonly names: readonly string[];
}

/**
 * Parses a template.
 *
 * @param known is added to
 * @returns a sentence, without a full stop, when something is wrong with it
 */
export function parseTemplate(path: string, known: SegmentCache = new Map()): PathTemplate | string {
  if (!path.startsWith("/")) return `${path} does not begin with a slash`;
  const segments: TemplateSegment[] = [];
  const names: string[] = [];
  const texts = path.slice(1).split("/");
  for (const text of texts) {
    const isLast = segments.length === texts.length - 1;
    // A template with a slash at its end is the template of another path.
    const segment = text === "" && isLast ? ({ kind: "literal", text } as const) : parseSegment(text, known);
    if (segment === null) return `${path} is not canonical`;
    segments.push(segment);
    if (segment.kind === "literal") continue;
    if (segment.kind === "catch_all" && !isLast) return `${path} does not end with {${segment.name}...}`;
    if (names.includes(segment.name)) return `${path} names {${segment.name}} twice`;
    names.push(segment.name);
  }
  return { segments, names };
}

function parseSegment(text: string, known: SegmentCache): TemplateSegment | null {
  let segment = known.get(text);
  if (segment === undefined) {
    segment = readSegment(text);
    known.set(text, segment);
  }
  return segment;
}

function readSegment(text: string): TemplateSegment | null {
  if (LITERAL.test(text)) return { kind: "literal", text };
  const [, name, dots, suffix = ""] = PARAMETER.exec(text) ?? [];
  // Values are members of an object, by name.
  if (name === undefined || name === "__proto__") return null;
  if (dots !== undefined) return suffix === "" ? { kind: "catch_all", name } : null;
  return suffix === "" || LITERAL.test(suffix) ? { kind: "parameter", name, suffix } : null;
}

/** @returns the check of a format; `null` for a pattern that is no regular expression */
export function compileFormat(format: ParameterFormat): FormatCheck | null {
  if (format === "uuid") return isUuid;
  if (format === "integer") return isInteger;
  if ("enum" in format) {
    const values = new Set(format.enum);
    return (value) => values.has(value);
  }
  const pattern = compilePattern(format.pattern);
  return pattern && ((value) => pattern.test(value));
}

/** JSON Schema asks for the flag "u", with which some patterns of real documents do not compile. */
function compilePattern(source: string): RegExp | null {
  for (const flags of ["u", ""]) {
    try {
      return new RegExp(source, flags);
    } catch {
      // Without the flag, or not at all.
    }
  }
  return null;
}

/** Prefixes of paths that other servers must not read in a value: by segment in lower case, `{}` for a parameter. */
export interface PrefixTree {
  readonly below: Map<string, PrefixTree>;
  /** What ends here: paths that are never forwarded, or an account, whose templates have these literals themselves. */
  end: "reserved" | "account" | null;
}

/** Adds the prefix that a template is; one that does not parse is left out. */
export function addPrefix(root: PrefixTree, template: string, end: "reserved" | "account"): void {
  const parsed = parseTemplate(template);
  if (typeof parsed === "string") return;
  let tree = root;
  for (const segment of parsed.segments) {
    const key = segment.kind === "literal" ? segment.text.toLowerCase() : "{}";
    const known = tree.below.get(key) ?? { below: new Map(), end: null };
    tree.below.set(key, known);
    tree = known;
  }
  tree.end = end;
}

/**
 * Whether a path without a "%" that a template matches could be read, by a server that folds values, as one at or below a prefix.
 *
 * @param at the segment that is compared with the children of `tree`
 * @param spelled whether a value stands for a literal of the prefix
 */
export function reaches(template: readonly TemplateSegment[], tree: PrefixTree, at = 0, spelled = false): boolean {
  if (tree.end === "reserved" || (tree.end === "account" && spelled)) return true;
  const segment = template[at];
  if (segment === undefined) return false;
  const further = (child: PrefixTree | undefined, isSpelled: boolean) =>
    child !== undefined && reaches(template, child, at + 1, isSpelled);
  if (segment.kind === "literal") {
    return further(tree.below.get(segment.text.toLowerCase()), spelled) || further(tree.below.get("{}"), spelled);
  }
  // A value of several segments can spell all that is below.
  if (segment.kind === "catch_all") return tree.below.size > 0;
  const suffix = segment.suffix.toLowerCase();
  for (const [key, child] of tree.below) {
    const isParameter = key === "{}";
    if ((isParameter || key.endsWith(suffix)) && further(child, spelled || !isParameter)) return true;
  }
  return false;
}
