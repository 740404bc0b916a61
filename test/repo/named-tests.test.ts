// docs/asvs.md, docs/threats.md and docs/operating.md name tests by file and title; every one of them must exist.
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

/** A test file in backticks, then the titles up to the next backtick or the end of the cell. */
const REFERENCE = /`((?:[\w-]+\/)+[\w-]+)`(?:: ([^|`]+))?/g;
const WHOLE_FILE = "(whole file)";

interface NamedTest {
  readonly file: string;
  /** `null`: the whole file. */
  readonly title: string | null;
}

/** The tests that the table rows of a document name. Semicolons separate the titles of one file. */
function namedTestsIn(markdown: string): readonly NamedTest[] {
  const rows = markdown.split("\n").filter((line) => line.startsWith("|"));
  return [...rows.join("\n").matchAll(REFERENCE)].flatMap(([, path = "", cell = WHOLE_FILE]) => {
    const file = `test/${path}.test.ts`;
    const titles = cell.split(";").map((title) => title.trim());
    return titles.filter(Boolean).map((title) => ({ file, title: title === WHOLE_FILE ? null : title }));
  });
}

function isMissing({ file, title }: NamedTest): boolean {
  return !existsSync(file) || (title !== null && !readFileSync(file, "utf8").includes(title));
}

describe("tests named by the documentation", () => {
  it.each([
    ["docs/asvs.md", 80],
    ["docs/threats.md", 90],
    ["docs/operating.md", 20],
  ])("finds every test that %s names by file and title", (document, atLeast) => {
    const named = namedTestsIn(readFileSync(document, "utf8"));
    expect(named.length).toBeGreaterThan(atLeast);
    expect(named.filter(isMissing)).toEqual([]);
  });

  it("reads a table row as the files and titles that it names", () => {
    const row =
      "| 1 | `a/b`: 15: does it; does more; `a/b/c-d`; `e/f`: (whole file) | Worker |\nprose about `x/y`: no test";
    expect(namedTestsIn(row)).toEqual([
      { file: "test/a/b.test.ts", title: "15: does it" },
      { file: "test/a/b.test.ts", title: "does more" },
      { file: "test/a/b/c-d.test.ts", title: null },
      { file: "test/e/f.test.ts", title: null },
    ]);
  });

  it.each([
    ["a file that does not exist", { file: "test/repo/none.test.ts", title: null }, true],
    ["a title that the file does not have", { file: "test/repo/words.test.ts", title: `finds ${"nothing"}` }, true],
    ["a title that the file has", { file: "test/repo/words.test.ts", title: "finds no private word in" }, false],
  ])("decides whether a named test is missing: %s", (_, named, missing) => {
    expect(isMissing(named)).toBe(missing);
  });
});
