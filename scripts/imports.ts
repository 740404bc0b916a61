// `npm run imports`: the folders of src/ and how many imports go from one to another, as a Mermaid picture. `-- --write`
// puts it between the markers in CONTRIBUTING.md. It reads imports as the import test does (test/support/imports.ts).
import { readFileSync, writeFileSync } from "node:fs";
import { importsOf, readSources, type Sources } from "../test/support/imports.ts";

const GUIDE = new URL("../CONTRIBUTING.md", import.meta.url);
const MARKED = /(<!-- imports:start -->\n)[\s\S]*?(<!-- imports:end -->)/;

/** The text with the picture between its markers; `null`: the text has no markers. */
export function withPicture(text: string, picture: string): string | null {
  return MARKED.test(text) ? text.replace(MARKED, (_, start, end) => `${start}${picture}${end}`) : null;
}

/** A fenced Mermaid flowchart: one edge for each two folders, with the number of imports; single files are left out. */
export function pictureOf(sources: Sources): string {
  const counts = new Map<string, number>();
  for (const [path, text] of sources) {
    for (const target of importsOf(path, text)) {
      const [from, to] = [folderOf(path), folderOf(target)];
      if (from === to || !sources.has(target)) continue;
      counts.set(`  ${from} -->|@| ${to}`, (counts.get(`  ${from} -->|@| ${to}`) ?? 0) + 1);
    }
  }
  const edges = [...counts].map(([edge, count]) => edge.replace("@", String(count))).sort();
  return ["```mermaid", "flowchart TD", ...edges, "```", ""].join("\n");
}

/** The first folder of a path, or the file that lies in src/ itself. */
function folderOf(path: string): string {
  return path.split("/")[0] ?? path;
}

if (import.meta.main) {
  const picture = pictureOf(readSources());
  const text = process.argv.includes("--write") ? withPicture(readFileSync(GUIDE, "utf8"), picture) : picture;
  if (text === null) throw new Error("CONTRIBUTING.md has no <!-- imports:start --> and <!-- imports:end -->");
  if (process.argv.includes("--write")) writeFileSync(GUIDE, text);
  else process.stdout.write(text);
}
