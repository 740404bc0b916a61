// What the documentation lists must be what the sources have: settings, denials, tables, files and headings.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";

// A compared text (`kty === "OKP"`) is a value, not the name of a setting.
const SETTING = /(?<!=== )"([A-Z]{2,}(?:_[A-Z]+)*)"/g;
const TABLE_NAMES = /^\| (`[A-Z][A-Z_]+`(?:, `[A-Z][A-Z_]+`)*) \|/gm;
const LINK = /\]\(([^)#\s]*)(?:#([\w-]+))?\)/g;

const unique = (names: readonly string[]) => [...new Set(names)].sort();

/** What the first group of a pattern finds in these files, each once. */
function namesIn(files: readonly string[], pattern: RegExp): readonly string[] {
  const text = files.map((file) => readFileSync(file, "utf8")).join("\n");
  return unique([...text.matchAll(pattern)].map(([, name = ""]) => name));
}

function undocumented(names: readonly string[], document: string): readonly string[] {
  const text = readFileSync(document, "utf8");
  return names.filter((name) => !text.includes(`\`${name}\``));
}

function settingsOfSource(): readonly string[] {
  const files = readdirSync("src/config").map((name) => `src/config/${name}`);
  return namesIn(files, SETTING);
}

function settingsOfReadme(): readonly string[] {
  const rows = [...readFileSync("README.md", "utf8").matchAll(TABLE_NAMES)].map(([, cell = ""]) => cell);
  return unique(rows.flatMap((cell) => [...cell.matchAll(/[A-Z_]+/g)].map(([name]) => name)));
}

const DOCUMENTS = [".", "docs", "docs/decisions", "demo"].flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name)),
);

/** GitHub's anchor of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");
}

function anchorsIn(file: string): readonly string[] {
  return [...readFileSync(file, "utf8").matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => anchorOf(heading));
}

function brokenLinksIn(file: string): readonly string[] {
  return [...readFileSync(file, "utf8").matchAll(LINK)].flatMap(([link, path = "", anchor]) => {
    if (/^[a-z]+:/.test(path)) return [];
    const target = path === "" ? file : join(dirname(file), path);
    if (!existsSync(target)) return [link];
    return anchor === undefined || anchorsIn(target).includes(anchor) ? [] : [link];
  });
}

it("describes in README.md every setting that the configuration reads, and no other", () => {
  expect(settingsOfReadme()).toEqual(settingsOfSource());
});

it("lists in docs/request-flow.md every reason of a denial", () => {
  const reasons = namesIn(["src/core/access/decision.ts"], /reason: "(\w+)"/g);
  expect(reasons.length).toBeGreaterThan(20);
  expect(undocumented(reasons, "docs/request-flow.md")).toEqual([]);
});

it("lists in docs/storage.md every table of the migrations", () => {
  const migrations = readdirSync("migrations").map((name) => `migrations/${name}`);
  const tables = namesIn(migrations, /CREATE TABLE (\w+)/g);
  expect(tables.length).toBeGreaterThan(10);
  expect(undocumented(tables, "docs/storage.md")).toEqual([]);
});

it("shows one tested file of docs/upstream in docs/upstream.md as it is, and links to the others", () => {
  const page = readFileSync("docs/upstream.md", "utf8");
  const shown = [...page.matchAll(/^```(?:js|go|python|java)\n([\s\S]*?)^```$/gm)].map(([, code = ""]) => code);
  expect(shown).toEqual([readFileSync("docs/upstream/verify.mjs", "utf8")]);
  const files = readdirSync("docs/upstream");
  expect(files.length).toBeGreaterThan(5);
  expect(files.filter((name) => !page.includes(`(upstream/${name})`))).toEqual([]);
});

it.each(DOCUMENTS)("links from %s only to files and headings that exist", (file) => {
  expect(brokenLinksIn(file)).toEqual([]);
});
