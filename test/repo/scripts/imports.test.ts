// The picture of the imports in CONTRIBUTING.md.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { pictureOf, withPicture } from "../../../scripts/imports.ts";
import { readSources } from "../../support/imports.ts";

it("draws one edge with a count for each two folders", () => {
  const sources = new Map([
    ["index.ts", 'import { a } from "./core/a.ts";'],
    ["core/a.ts", 'import { z } from "zod";'],
    ["store/a.ts", 'import { a } from "../core/a.ts";\nimport { b } from "./b.ts";'],
    ["store/b.ts", 'import type { A } from "../core/a.ts";'],
  ]);
  expect(pictureOf(sources)).toBe("```mermaid\nflowchart TD\n  index.ts -->|1| core\n  store -->|2| core\n```\n");
});

it("replaces nothing but what stands between the markers", () => {
  const text = "a\n<!-- imports:start -->\nold\n<!-- imports:end -->\nb\n";
  expect(withPicture(text, "new\n")).toBe("a\n<!-- imports:start -->\nnew\n<!-- imports:end -->\nb\n");
  expect(withPicture("a\n", "new\n")).toBeNull();
});

it("finds the picture in CONTRIBUTING.md up to date; `npm run imports -- --write` renews it", (context) => {
  const text = readFileSync("CONTRIBUTING.md", "utf8");
  const renewed = withPicture(text, pictureOf(readSources()));
  if (renewed === null) return context.skip("CONTRIBUTING.md has no imports markers yet");
  expect(text).toBe(renewed);
});
