// The rooms of the house and the doors between them, read off every import.
import { describe, expect, it } from "vitest";
import { breachesOf, loadedWith, readSources } from "../support/imports.ts";

describe("the sources of the Worker", () => {
  it("keep to their rooms", () => {
    const sources = readSources();
    expect(sources.size).toBeGreaterThan(30);
    expect(breachesOf(sources)).toEqual([]);
  });
});

describe("the front door", () => {
  it("loads no packages with its first call but these", () => {
    // Every isolate pays for what is added here, before its first answer: an import() loads with the call that needs it.
    const known = ["jose/base64url", "node:crypto"];
    expect(loadedWith(readSources(), "index.ts")).toEqual(known);
  });

  it.each([
    ["a package of its own", 'import x from "far";', "", ["far"]],
    ["a package for its effects alone", 'import "far";', "", ["far"]],
    ["a package that it passes on", 'export {\n  x,\n} from "far/part";', "", ["far/part"]],
    ["a package that loads with another file", 'import { y } from "./core/y.ts";', 'import x from "far";', ["far"]],
    [
      "a package that loads with what a file passes on",
      'export * from "./core/y.ts";',
      'import x from "far";',
      ["far"],
    ],
    ["a file that is no source", 'import data from "./core/y.json";', "", ["core/y.json"]],
    ["no package of types", 'import type { X } from "far";', "", []],
    ["no package that is loaded later", 'await import("far");', "", []],
    ["no package of a file that is loaded later", 'await import("./core/y.ts");', 'import x from "far";', []],
  ])("is seen to load %s", (_, index, other, expected) => {
    const sources = new Map([
      ["index.ts", index],
      ["core/y.ts", other],
    ]);
    expect(loadedWith(sources, "index.ts")).toEqual(expected);
  });
});

describe("the rules", () => {
  it.each([
    ["core imports Hono", "core/x.ts", 'import { Hono } from "hono";', "core/x.ts imports hono"],
    [
      "core imports a store",
      "core/x.ts",
      'import type { A } from "../store/ports.ts";',
      "core/x.ts imports store/ports.ts",
    ],
    ["core reads the environment", "core/x.ts", 'import { e } from "../env.ts";', "core/x.ts imports env.ts"],
    ["core imports for effects alone", "core/x.ts", 'import "zod";', "core/x.ts imports zod"],
    ["core imports lazily", "core/x.ts", 'await import("zod");', "core/x.ts imports zod"],
    [
      "a store imports the gateway",
      "store/x.ts",
      'export { a } from "../gateway/door.ts";',
      "store/x.ts imports gateway/door.ts",
    ],
    [
      "the gateway imports an adapter",
      "gateway/x.ts",
      'import {\n  a,\n} from "../store/d1-keys.ts";',
      "gateway/x.ts imports store/d1-keys.ts",
    ],
    [
      "admin imports the gateway",
      "admin/x.ts",
      'import { a } from "../gateway/refuse.ts";',
      "admin/x.ts imports gateway/refuse.ts",
    ],
    ["a second clock", "core/x.ts", "const a = Date.now();", "core/x.ts uses the clock"],
    ["a second console", "gateway/x.ts", 'console.log("a");', "gateway/x.ts uses console"],
    ["a door that fails open", "index.ts", "context.passThroughOnException();", "index.ts uses a door that fails open"],
    ["a room that nobody knows", "utils/x.ts", "", "utils/x.ts is in no room"],
  ])("see that %s", (_, path, text, breach) => {
    expect(breachesOf(new Map([[path, text]]))).toEqual([breach]);
  });

  it("see a cycle", () => {
    const sources = new Map([
      ["core/a.ts", 'import { b } from "./b.ts";'],
      ["core/b.ts", 'import { c } from "./c.ts";'],
      ["core/c.ts", 'import { a } from "./a.ts";'],
    ]);
    expect(breachesOf(sources)).toEqual(["a cycle: core/a.ts -> core/b.ts -> core/c.ts -> core/a.ts"]);
  });
});
