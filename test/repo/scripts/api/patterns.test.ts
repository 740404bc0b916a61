// Which patterns of a document are matched against what clients send.
import { expect, it } from "vitest";
import { usablePattern } from "../../../../scripts/api/patterns.ts";

const TOO_LONG = { reason: "a value can be made that takes long to match" };

it.each([
  ...[
    "^[a-z]+$",
    "[a-z]+",
    "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
    "^(?:v1|v2)$",
    "^[A-F\\d]{8}(-[A-F\\d]{4}){3}-[A-F\\d]{12}$",
    "",
  ],
  ...["^\\p{L}{1,64}$", "^a\\u{1F600}?$", "^[\\]\\w]+$", "^.{1,255}$", "^\\d{4}-\\d{2}$", "^(a|b)$"],
])("uses %s", (pattern) => {
  expect(usablePattern(pattern)).toEqual({ pattern });
});

it.each([
  ...[
    "(a+)+$",
    "^(a|a)*$",
    "^(a|aa)+$",
    "^a*a*a*$",
    "\\s+x+$",
    "^(.*a){12}$",
    "^(a?){50}a{50}$",
    "^(\\w+\\s?)*$",
    "^a|b+$",
    "\\s+$",
  ],
  ...["^([a-zA-Z0-9])(([\\-.]|[_]+)?([a-zA-Z0-9]+))*$", "^(?:a{0,99}){0,99}$"],
])("leaves out %s", (pattern) => {
  expect(usablePattern(pattern)).toEqual(TOO_LONG);
});

it("leaves out assertions, back references and what is no pattern", () => {
  for (const pattern of ["^(?=a)a$", "(?<!a)b", "^(a)\\1$", "(?<x>a)\\k<x>"])
    expect(usablePattern(pattern)).toEqual({ reason: "it has an assertion or a back reference" });
  expect(usablePattern("[a")).toEqual({ reason: "it is no regular expression of ECMAScript" });
});

it("drops escapes that the Unicode mode does not have", () => {
  expect(usablePattern("^[a-zA-Z0-9_\\-\\:]+$")).toEqual({ pattern: "^[a-zA-Z0-9_\\-:]+$" });
});

it("matches what it uses quickly, whatever the value", () => {
  for (const source of ["^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "[a-z]+", "^.{1,255}$"]) {
    const pattern = usablePattern(source);
    expect(pattern).toHaveProperty("pattern");
    const started = performance.now();
    new RegExp(source, "u").test(`${"a".repeat(2047)}!`);
    expect(performance.now() - started).toBeLessThan(1000);
  }
});
