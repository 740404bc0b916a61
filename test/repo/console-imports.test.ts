// The console is a program of its own: all that it takes from the Worker is the types of the wire contract.
import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const HOME = "src/console";
const CONTRACT = /^src\/admin\/(?:[\w-]+\/)?schema\.ts$/;
const IMPORT = /^\s*(?:import|export)\s+(type\s)?[^;]*?from\s+"(\.[^"]+)";/gm;

/** Imports of this file that leave the console, other than the one that is allowed. */
function strays(file: string, text: string): readonly string[] {
  const base = new URL(`file:///${HOME}/${file}`);
  return [...text.matchAll(IMPORT)].flatMap(([, type, path = ""]) => {
    const target = new URL(path, base).pathname.slice(1);
    if (target.startsWith(`${HOME}/`)) return [];
    return type !== undefined && CONTRACT.test(target) ? [] : [`${file} imports ${target}`];
  });
}

it("imports only types of the wire contract into the console", () => {
  const files = readdirSync(HOME, { recursive: true, encoding: "utf8" }).filter((name) => /\.tsx?$/.test(name));
  expect(files.length).toBeGreaterThan(20);
  expect(files.flatMap((file) => strays(file, readFileSync(`${HOME}/${file}`, "utf8")))).toEqual([]);
});

it.each([
  ['import { RoleSpec } from "../../admin/schema.ts";', "keys/x.tsx imports src/admin/schema.ts"],
  ['import type { Grant } from "../../core/access/roles.ts";', "keys/x.tsx imports src/core/access/roles.ts"],
])("reports the forbidden console import %s", (line, said) => {
  expect(strays("keys/x.tsx", line)).toEqual([said]);
});
