// A second implementation of canonical paths and of templates, as plain as docs/request-flow.md states them: octet by octet, and
// one regular expression for each row. Shares nothing with src/ but the rows, which are data.
import type { Operation } from "../../src/core/routing/operations.ts";

const PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,=:@";
const UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The canonical form of the path of a URL's text, or `null`. */
export function naiveCanonical(path: string): string | null {
  if (!path.startsWith("/") || path.length > 2048) return null;
  const segments = path.slice(1).split("/");
  const canonical = segments.map((segment, i) => {
    if (segment === "") return i === segments.length - 1 ? "" : null;
    return naiveSegment(segment);
  });
  return canonical.includes(null) ? null : `/${canonical.join("/")}`;
}

function naiveSegment(segment: string): string | null {
  let canonical = "";
  // Encoded slashes are borders, too.
  const parts: number[][] = [[]];
  for (let i = 0; i < segment.length; i++) {
    const character = segment[i] as string;
    if (character !== "%") {
      if (!PLAIN.includes(character)) return null;
      canonical += character;
      parts.at(-1)?.push(character.charCodeAt(0));
      continue;
    }
    const digits = segment.slice(i + 1, i + 3);
    if (!/^[0-9a-f]{2}$/i.test(digits)) return null;
    const octet = Number.parseInt(digits, 16);
    if (octet < 0x20 || octet === 0x7f || UNRESERVED.includes(String.fromCharCode(octet))) return null;
    if (octet === 0x2f) parts.push([]);
    else parts.at(-1)?.push(octet);
    canonical += `%${digits.toUpperCase()}`;
    i += 2;
  }
  return parts.every(isClear) ? canonical : null;
}

function isClear(octets: readonly number[]): boolean {
  let text: string;
  try {
    text = UTF8.decode(new Uint8Array(octets));
  } catch {
    return false;
  }
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    if (code >= 0x80 && code < 0xa0) return false;
  }
  const folded = naiveFold(text);
  if (["/", "\\", "%"].some((border) => folded.includes(border))) return false;
  const visible = folded.replace(/\s/g, "");
  return visible === "" || [...visible].some((character) => character !== ".");
}

function naiveFold(text: string): string {
  const kept = [...text.normalize("NFKD")].filter(
    (character) => !/^[\p{M}\p{Default_Ignorable_Code_Point}]$/u.test(character),
  );
  return kept.join("").toUpperCase().toLowerCase();
}

/** What is authorized for a path that `naiveCanonical` accepts: a row with its decoded values, or the reason of the denial. */
export type NaiveTarget =
  | { readonly row: Operation; readonly values: Readonly<Record<string, string>> }
  | "path_not_canonical"
  | "not_found"
  | "method_not_allowed"
  | "operation_unknown";

/** @param reserved expressions of the readings of Gatehouse's own paths */
export function naiveTarget(
  table: readonly Operation[],
  reserved: readonly RegExp[],
  method: string,
  path: string,
): NaiveTarget {
  const reading = naiveReading(path);
  const isReserved = (text: string) => reserved.some((pattern) => pattern.test(text));
  const isOdd = path.includes("%") || path.split("/").some((segment) => segment.endsWith("."));
  const found = naiveMatch(table, method, path);
  if (found === "unknown") {
    const other = path.endsWith("/") ? path.slice(0, -1) : `${path}/`;
    if (naiveMatch(table, method, other) !== "unknown") return "not_found";
    if (isOdd) return "path_not_canonical";
    return isReserved(path.toLowerCase()) ? "not_found" : "operation_unknown";
  }
  if (found === "other_methods") return isOdd && isReserved(reading) ? "path_not_canonical" : "method_not_allowed";
  const { row } = found;
  if (row.handledBy === "gatehouse") return isOdd ? "path_not_canonical" : found;
  if (isReserved(reading)) return isOdd ? "path_not_canonical" : "not_found";
  if (naiveAccount(reading) !== naiveAccount(path.toLowerCase())) return "path_not_canonical";
  for (const slash of ["%2F", "/"]) {
    const read = path.replace(/%../g, (octet) => {
      if (octet === "%2F") return slash;
      const character = String.fromCharCode(Number.parseInt(octet.slice(1), 16));
      return PLAIN.includes(character) ? character : octet;
    });
    const other = naiveMatch(table, method, read);
    if (typeof other !== "object") continue;
    if (other.row.permission !== row.permission || other.row.effect !== row.effect) return "path_not_canonical";
    if (other.row.handledBy !== row.handledBy) return "path_not_canonical";
  }
  return found;
}

/** A path as a server reads it that decodes once, merges slashes, and ignores case, accents, and dots and blanks at the ends. */
function naiveReading(path: string): string {
  const segments = naiveFold(decodeURIComponent(path)).split("/");
  const merged = segments.filter((segment, i) => segment !== "" || i === 0 || i === segments.length - 1);
  return merged.map((segment) => segment.replace(/[\s.]+$/, "")).join("/");
}

function naiveAccount(path: string): string | null {
  const [empty, api, open, version, accounts, id = ""] = path.split("/");
  const isScope = empty === "" && api === "api" && open === "public" && version === "v1" && accounts === "accounts";
  return isScope && id !== "" ? id : null;
}

type NaiveMatch = Exclude<NaiveTarget, string> | "unknown" | "other_methods";

function naiveMatch(table: readonly Operation[], method: string, path: string): NaiveMatch {
  const fitting = table.flatMap((row) => {
    const values = naiveValues(row, path);
    return values === null ? [] : [{ row, values }];
  });
  fitting.sort((a, b) => compareRanks(templateOf(a.row).ranks, templateOf(b.row).ranks));
  const [first] = fitting;
  if (first === undefined) return "unknown";
  const best = fitting.filter(({ row }) => templateOf(row).shape === templateOf(first.row).shape);
  const of = (name: string) => best.find(({ row }) => row.method === name);
  return of(method) ?? (method === "HEAD" ? of("GET") : undefined) ?? "other_methods";
}

interface NaiveTemplate {
  readonly names: readonly string[];
  readonly pattern: RegExp;
  readonly ranks: readonly number[];
  readonly shape: string;
}

const compiled = new WeakMap<Operation, NaiveTemplate>();

function templateOf(row: Operation): NaiveTemplate {
  const known = compiled.get(row);
  if (known !== undefined) return known;
  const names: string[] = [];
  const parts = row.path.split("/").map((part) => {
    const [, name, dots, suffix = ""] = /^\{([^.}]+)(\.\.\.)?\}(.*)$/.exec(part) ?? [];
    if (name === undefined) return RegExp.escape(part);
    names.push(name);
    const slash = row.encodedSlash?.includes(name) ? "" : "(?!%2F)";
    const octet = `(?:[^/%]|${slash}%[0-9A-F]{2})`;
    return dots ? `(${octet}+(?:/${octet}+)*)` : `(${octet}+)${RegExp.escape(suffix)}`;
  });
  const pattern = new RegExp(`^${parts.join("/")}$`);
  const made = { names, pattern, ranks: ranksOf(row.path), shape: row.path.replace(/\{[^.}]+/g, "{") };
  compiled.set(row, made);
  return made;
}

function naiveValues(row: Operation, path: string): Readonly<Record<string, string>> | null {
  const { names, pattern } = templateOf(row);
  const match = pattern.exec(path);
  if (match === null) return null;
  const values = Object.fromEntries(names.map((name, i) => [name, decodeURIComponent(match[i + 1] as string)]));
  return names.every((name) => naiveFormat(row, name, values[name] as string)) ? values : null;
}

function naiveFormat({ formats = {} }: Operation, name: string, value: string): boolean {
  const format = formats[name];
  if (format === undefined) return true;
  if (format === "integer") return /^-?[0-9]+$/.test(value);
  if (format === "uuid") {
    const lengths = value.split("-").map((group) => (/^[0-9a-fA-F]*$/.test(group) ? group.length : 0));
    return lengths.join() === "8,4,4,4,12";
  }
  return "enum" in format ? format.enum.includes(value) : new RegExp(format.pattern, "u").test(value);
}

/** For each segment: a literal before a parameter with a longer literal, before one alone, before a catch-all. */
function ranksOf(template: string): number[] {
  return template.split("/").map((part) => {
    if (!part.startsWith("{")) return 0;
    if (part.includes("...}")) return 5_000;
    return 4_000 - (part.length - part.indexOf("}"));
  });
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}
