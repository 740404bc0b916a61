// The vocabulary of code, documentation and test titles: the field's terms, no private words, no figures that age.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { figuresInComments, type LiteralUse, privateWordsIn, privateWordsInTitles } from "../support/words.ts";

const TEXT = /\.(?:ts|tsx|css|html|json|md)$/;

const LITERAL_USES: readonly LiteralUse[] = [
  { file: "src/log.ts", phrase: '"upkeep"', reason: "a value of `kind` in the log, which never changes" },
  { file: "src/wiring/maintenance.ts", phrase: '"upkeep"', reason: "a value of `kind` in the log" },
  { file: "docs/operating.md", phrase: "`upkeep`", reason: "a value of `kind` in the log" },
  { file: "docs/observability.md", phrase: "`upkeep`", reason: "a value of `kind` in the log" },
];

/** The text files of a folder, or the file itself, by path. */
function readTexts(path: string): ReadonlyMap<string, string> {
  const names = statSync(path).isDirectory()
    ? readdirSync(path, { recursive: true, encoding: "utf8" }).map((name) => `${path}/${name}`)
    : [path];
  return new Map(names.filter((name) => TEXT.test(name)).map((name) => [name, readFileSync(name, "utf8")]));
}

/** All findings of one kind in the texts of a path. */
function findingsIn(path: string, find: (file: string, text: string) => readonly string[]): readonly string[] {
  return [...readTexts(path)].flatMap(([file, text]) => find(file, text));
}

describe("vocabulary", () => {
  it.each(["src", "scripts", "bench", "docs", "README.md", "CONTRIBUTING.md", "SECURITY.md"])(
    "finds no private word in %s",
    (path) => {
      expect(findingsIn(path, (file, text) => privateWordsIn(file, text, LITERAL_USES))).toEqual([]);
    },
  );

  it("finds no private word in a test title", () => {
    const inTests = (file: string, text: string) => (file.endsWith(".test.ts") ? privateWordsInTitles(file, text) : []);
    expect(findingsIn("test", inTests)).toEqual([]);
  });

  it("finds no measured figure in a comment of src", () => {
    expect(findingsIn("src", figuresInComments)).toEqual([]);
  });

  it.each(LITERAL_USES)("finds the literal use $phrase still in $file", ({ file, phrase }) => {
    expect(readFileSync(file, "utf8")).toContain(phrase);
  });
});

describe("privateWordsIn", () => {
  it("reports a private word with its file, line and text", () => {
    expect(privateWordsIn("a.ts", "one\n  // The Door.")).toEqual(["a.ts:2: Door: // The Door."]);
  });

  it.each(["doors", "weighed", "Tombstoned", "unauthorised", "canonicalisation"])(
    "reports the inflection %s",
    (word) => {
      expect(privateWordsIn("a.ts", word)).toEqual([`a.ts:1: ${word}: ${word}`]);
    },
  );

  it.each(["outdoor", "openDoor", "log_upkeep", "instantly", "authorize"])("ignores the other word %s", (word) => {
    expect(privateWordsIn("a.ts", word)).toEqual([]);
  });

  it("allows a literal use in its own file only", () => {
    const uses = [{ file: "a.ts", phrase: '"upkeep"', reason: "a wire value" }];
    expect(privateWordsIn("a.ts", 'log("upkeep")', uses)).toEqual([]);
    expect(privateWordsIn("b.ts", 'log("upkeep")', uses)).toEqual(['b.ts:1: upkeep: log("upkeep")']);
    expect(privateWordsIn("a.ts", 'upkeep("upkeep")', uses)).toEqual(['a.ts:1: upkeep: upkeep("upkeep")']);
  });
});

describe("privateWordsInTitles", () => {
  // The word is put in later, or this file itself would have such titles.
  it.each([
    ["it", 'it("opens a WORD", () => undefined);'],
    ["describe", "describe('a WORD', () => undefined);"],
    ["it.each with a list", 'it.each([1, 2])("opens a WORD", () => undefined);'],
    ["it.each over several lines", 'it.each(CASES)(\n  "opens a WORD",\n  () => undefined,\n);'],
    ["it.skipIf with a template", "it.skipIf(!here)(`opens a WORD`, () => undefined);"],
  ])("reports a private word in a title of %s", (_, source) => {
    const [finding, ...others] = privateWordsInTitles("a.test.ts", source.replace("WORD", "door"));
    expect(finding).toMatch(/^a\.test\.ts:[12]: door: /);
    expect(others).toEqual([]);
  });

  it("ignores private words outside titles", () => {
    expect(privateWordsInTitles("a.test.ts", 'it("opens", () => expect(door).toBe("door"));')).toEqual([]);
  });
});

describe("figuresInComments", () => {
  it.each(["// It takes 15 µs.", " * Costs 32ns.", "a(); // 11 % of all", "/* waits 75 ms of a second */"])(
    "reports the figure in %s",
    (line) => {
      expect(figuresInComments("a.ts", line)).toHaveLength(1);
    },
  );

  it.each(["const TIMEOUT_MS = 75;", "// Decodes %2F once.", "// RFC 9110 section 5.1", "// Ten seconds."])(
    "ignores the figure in %s",
    (line) => {
      expect(figuresInComments("a.ts", line)).toEqual([]);
    },
  );
});
