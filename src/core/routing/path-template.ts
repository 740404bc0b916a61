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

/** @returns the segments of a template in order; or a sentence that says what is wrong with it */
export function parseTemplate(path: string): readonly TemplateSegment[] | string {
  if (!path.startsWith("/")) return `${path} does not begin with a slash`;
  const segments: TemplateSegment[] = [];
  const texts = path.slice(1).split("/");
  for (const [at, text] of texts.entries()) {
    const isLast = at === texts.length - 1;
    // A template with a slash at its end is the template of another path.
    const segment = text === "" && isLast ? ({ kind: "literal", text } as const) : parseSegment(text);
    if (segment === null) return `${path} is not canonical`;
    if (segment.kind === "catch_all" && !isLast) return `${path} does not end with {${segment.name}...}`;
    if (segment.kind !== "literal") {
      if (segments.some((other) => other.kind !== "literal" && other.name === segment.name))
        return `${path} names {${segment.name}} twice`;
    }
    segments.push(segment);
  }
  return segments;
}

function parseSegment(text: string): TemplateSegment | null {
  if (LITERAL.test(text)) return { kind: "literal", text };
  const [, name, dots, suffix = ""] = PARAMETER.exec(text) ?? [];
  // Values are members of an object, by name.
  if (name === undefined || name === "__proto__") return null;
  if (dots !== undefined) return suffix === "" ? { kind: "catch_all", name } : null;
  return suffix === "" || LITERAL.test(suffix) ? { kind: "parameter", name, suffix } : null;
}

/** @returns the names of the parameters, in the order of the path */
export function parametersOf(segments: readonly TemplateSegment[]): readonly string[] {
  return segments.flatMap((segment) => (segment.kind === "literal" ? [] : [segment.name]));
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

/**
 * Whether a path that a template matches could be read, by a server that decodes or folds values, as a path at or below a prefix.
 *
 * @param prefix a template
 * @param encodedSlash names of the parameters that may hold encoded slashes
 * @param spelled whether to count only what a parameter spells: paths that have the prefix's literals themselves are left out
 */
export function reaches(
  template: readonly TemplateSegment[],
  prefix: readonly TemplateSegment[],
  encodedSlash: readonly string[],
  spelled = false,
): boolean {
  let spells = false;
  for (const [at, wanted] of prefix.entries()) {
    const segment = template[at];
    if (segment === undefined) return false;
    if (segment.kind === "literal") {
      if (wanted.kind !== "literal" || wanted.text === segment.text) continue;
      if (wanted.text.length !== segment.text.length) return false;
      if (wanted.text.toLowerCase() !== segment.text.toLowerCase()) return false;
      continue;
    }
    const rest = prefix.slice(at).some(({ kind }) => kind === "literal");
    if (segment.kind === "catch_all" || encodedSlash.includes(segment.name)) return rest || spells || !spelled;
    if (wanted.kind !== "literal") continue;
    if (!wanted.text.toLowerCase().endsWith(segment.suffix.toLowerCase())) return false;
    spells = true;
  }
  return spells || !spelled;
}
