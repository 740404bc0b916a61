// The console is a program of its own: it imports nothing from the Worker but types of the wire contract.
import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const CONSOLE = "src/console";
const CONTRACT = /^src\/admin\/(?:[\w-]+\/)?schema\.ts$/;
const IMPORT = /^\s*(?:import|export)\s+(type\s)?[^;]*?from\s+"(\.[^"]+)";/gm;

/** Imports of a console file from outside the console, but for types of the wire contract. */
function forbiddenImports(file: string, text: string): readonly string[] {
  const base = new URL(`file:///${CONSOLE}/${file}`);
  return [...text.matchAll(IMPORT)].flatMap(([, type, path = ""]) => {
    const target = new URL(path, base).pathname.slice(1);
    if (target.startsWith(`${CONSOLE}/`)) return [];
    return type !== undefined && CONTRACT.test(target) ? [] : [`${file} imports ${target}`];
  });
}

it("imports only types of the wire contract into the console", () => {
  const files = readdirSync(CONSOLE, { recursive: true, encoding: "utf8" }).filter((name) => /\.tsx?$/.test(name));
  expect(files.length).toBeGreaterThan(20);
  expect(files.flatMap((file) => forbiddenImports(file, readFileSync(`${CONSOLE}/${file}`, "utf8")))).toEqual([]);
});

it.each([
  ['import { RoleSpec } from "../../admin/schema.ts";', "keys/x.tsx imports src/admin/schema.ts"],
  ['import type { Grant } from "../../core/access/roles.ts";', "keys/x.tsx imports src/core/access/roles.ts"],
])("reports the forbidden console import %s", (line, report) => {
  expect(forbiddenImports("keys/x.tsx", line)).toEqual([report]);
});
