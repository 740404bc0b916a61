// CONTRIBUTING.md states the import rules; this compares them with the rules that the import test enforces.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { ALLOWED } from "../support/imports.ts";

const ROW = /^\| `([\w./-]+)` \| (`.+`) \|$/;

/** The rows of the table under "Folders and imports": folder or file -> the names in backticks beside it. */
function documentedRules(markdown: string): Record<string, readonly string[]> {
  const section = /^## Folders and imports$([\s\S]*?)(?=^## )/m.exec(markdown)?.[1] ?? "";
  const rows = section.split("\n").flatMap((line) => {
    const [, folder = "", cell = ""] = ROW.exec(line) ?? [];
    return folder === "" ? [] : [[folder, namesIn(cell)] as const];
  });
  return Object.fromEntries(rows);
}

function namesIn(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
}

/** The enforced rules as the table writes them: the pattern of the ports is called `ports`. */
function enforcedRules(): Record<string, readonly string[]> {
  return Object.fromEntries(
    Object.entries(ALLOWED).map(([folder, allowed]) => [
      folder,
      allowed.map((each) => (typeof each === "string" ? each : "ports")),
    ]),
  );
}

it("documents in CONTRIBUTING.md exactly the imports that the import test allows", () => {
  expect(documentedRules(readFileSync("CONTRIBUTING.md", "utf8"))).toEqual(enforcedRules());
});

it("reads a row of the table as a folder and its allowed imports", () => {
  const table =
    "## Folders and imports\n\n| folder | may import |\n|---|---|\n| `a` | `b`, `c.ts` |\n\n## Next\n\n| `d` | `e` |\n";
  expect(documentedRules(table)).toEqual({ a: ["b", "c.ts"] });
});
