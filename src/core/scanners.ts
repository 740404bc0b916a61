// Rules that make secret scanners find our keys in code and logs, made from the same constant that mints them.
import { KEY_PATTERN } from "./token.ts";

/** Ready rules, by scanner. */
export interface ScannerRules {
  /** The source of a regular expression that RE2, and so most scanners, can run. */
  readonly pattern: string;
  /** A rule for .gitleaks.toml: https://github.com/gitleaks/gitleaks#configuration */
  readonly gitleaks: string;
  /** An entry for .secretlintrc.json, for `@secretlint/secretlint-rule-pattern`. */
  readonly secretlint: {
    readonly id: string;
    readonly options: { readonly patterns: readonly { readonly name: string; readonly patterns: readonly string[] }[] };
  };
}

/** The rules for keys of this kind. They hold for every ring: a key's first characters are the same in all. */
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
