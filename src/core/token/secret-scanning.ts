// Rules with which secret scanners find our keys in code and logs, derived from the header that keys are minted with.
import * as base64url from "jose/base64url";
import { headerOf } from "./api-key-token.ts";

/** Ready rules, by scanner. */
export interface ScannerRules {
  /** The source of a regular expression that RE2, and so most scanners, supports. */
  readonly pattern: string;
  /** A rule for .gitleaks.toml: https://github.com/gitleaks/gitleaks#configuration */
  readonly gitleaks: string;
  /** An entry for .secretlintrc.json, for `@secretlint/secretlint-rule-pattern`. */
  readonly secretlint: {
    readonly id: string;
    readonly options: { readonly patterns: readonly { readonly name: string; readonly patterns: readonly string[] }[] };
  };
}

/** The rules for our keys. They apply to every ring: the first characters of a key are the same in all. */
export function scannerRules(): ScannerRules {
  return {
    pattern: KEY_PATTERN,
    gitleaks: [
      "[[rules]]",
      'id = "gatehouse-api-key"',
      'description = "Gatehouse API key"',
      `regex = '''${KEY_PATTERN}'''`,
      `keywords = ["${KEY_PATTERN.slice(0, KEY_PATTERN.indexOf("["))}"]`,
      "",
    ].join("\n"),
    secretlint: {
      id: "@secretlint/secretlint-rule-pattern",
      options: { patterns: [{ name: "Gatehouse API key", patterns: [`/${KEY_PATTERN}/`] }] },
    },
  };
}

function keyPattern(): string {
  // Ring ids vary, so only the header in front of them is the same in every key: its complete base64url characters.
  const fixed = JSON.stringify(headerOf("")).slice(0, -2);
  const prefix = base64url.encode(fixed).slice(0, Math.floor((fixed.length * 4) / 3));
  const rest = (idLength: number): number => Math.ceil(((fixed.length + idLength + 2) * 4) / 3) - prefix.length;
  return `${prefix}[A-Za-z0-9_-]{${rest(1)},${rest(32)}}\\.[A-Za-z0-9_-]{64,900}\\.[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]`;
}

/** The source of a regular expression that finds every key in a text, in the syntax of RE2. */
export const KEY_PATTERN: string = keyPattern();
