// docs/asvs.md names a test for each requirement; every one of them must exist.
import { existsSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const REFERENCE = /`((?:[\w-]+\/)+[\w-]+)`: ([^|]+?) \|/g;

it("finds every test that docs/asvs.md names by file and title", () => {
  const references = [...readFileSync("docs/asvs.md", "utf8").matchAll(REFERENCE)].map((found) => [found[1], found[2]]);
  expect(references.length).toBeGreaterThan(80);
  const missing = references.filter(([file, title = ""]) => {
    const path = `test/${file}.test.ts`;
    if (!existsSync(path)) return true;
    return title !== "(whole file)" && !readFileSync(path, "utf8").includes(title);
  });
  expect(missing).toEqual([]);
});
