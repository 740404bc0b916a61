// The import rules of src, checked on every import, and shown to notice each kind of breach.
import { describe, expect, it } from "vitest";
import { breachesOf, loadedWith, readSources } from "../support/imports.ts";

describe("imports of src", () => {
  it("finds no forbidden import, reserved API or cycle in src", () => {
    const sources = readSources();
    expect(sources.size).toBeGreaterThan(30);
    expect(breachesOf(sources)).toEqual([]);
  });
});

describe("packages loaded at start-up", () => {
  it("loads no package at start-up but the listed ones", () => {
    // Every isolate pays for each before its first response. An import() loads with the first request that needs it.
    const expected = ["#api", "jose/base64url"];
    expect(loadedWith(readSources(), "index.ts")).toEqual(expected);
  });

  it.each([
    ["a package of index.ts", 'import x from "far";', "", ["far"]],
    ["a package imported for its effects", 'import "far";', "", ["far"]],
    ["a re-exported package", 'export {\n  x,\n} from "far/part";', "", ["far/part"]],
    ["a package of an imported file", 'import { y } from "./core/y.ts";', 'import x from "far";', ["far"]],
    ["a package of a re-exported file", 'export * from "./core/y.ts";', 'import x from "far";', ["far"]],
    ["a data file", 'import data from "./core/y.json";', "", ["core/y.json"]],
    ["no package of which only types are imported", 'import type { X } from "far";', "", []],
    ["no lazily imported package", 'await import("far");', "", []],
    ["no package of a lazily imported file", 'await import("./core/y.ts");', 'import x from "far";', []],
  ])("counts %s as loaded at start-up", (_, index, other, expected) => {
    const sources = new Map([
      ["index.ts", index],
      ["core/y.ts", other],
    ]);
    expect(loadedWith(sources, "index.ts")).toEqual(expected);
  });
});

describe("import rules", () => {
  it.each([
    ["core imports Hono", "core/x.ts", 'import { Hono } from "hono";', "hono"],
    ["core imports a port", "core/x.ts", 'import type { A } from "../store/common.ts";', "store/common.ts"],
    ["core imports the configuration", "core/x.ts", 'import { e } from "../config.ts";', "config.ts"],
    ["core imports a package for its effects", "core/x.ts", 'import "zod";', "zod"],
    ["core imports a package lazily", "core/x.ts", 'await import("zod");', "zod"],
    ["store imports the gateway", "store/x.ts", 'export { a } from "../gateway/gateway.ts";', "gateway/gateway.ts"],
    ["store imports the log", "store/roles/x.ts", 'import { log } from "../../log.ts";', "log.ts"],
    [
      "the gateway imports a repository",
      "gateway/x.ts",
      'import {\n  a,\n} from "../store/api-keys/repository.ts";',
      "store/api-keys/repository.ts",
    ],
    [
      "the gateway imports a type of a repository",
      "gateway/proxy/x.ts",
      'import type { A } from "../../store/key-cache/d1-records.ts";',
      "store/key-cache/d1-records.ts",
    ],
    ["the gateway imports the wiring", "gateway/x.ts", 'import { a } from "../wiring/admin.ts";', "wiring/admin.ts"],
    ["admin imports the gateway", "admin/x.ts", 'import { a } from "../gateway/cors.ts";', "gateway/cors.ts"],
    [
      "admin imports a repository",
      "admin/roles/x.ts",
      'import { a } from "../../store/roles/repository.ts";',
      "store/roles/repository.ts",
    ],
    [
      "authorized-request.ts imports the gateway",
      "authorized-request.ts",
      'import type { A } from "./gateway/gateway.ts";',
      "gateway/gateway.ts",
    ],
    ["the log imports a port", "log.ts", 'import type { A } from "./store/common.ts";', "store/common.ts"],
  ])("reports that %s", (_, path, text, target) => {
    expect(breachesOf(new Map([[path, text]]))).toEqual([`${path} imports ${target}`]);
  });

  it.each([
    ["core imports jose", "core/token/x.ts", 'import { a } from "jose";'],
    ["store imports core", "store/roles/x.ts", 'import { a } from "../../core/access/roles.ts";'],
    ["the gateway imports shared types of store", "gateway/x.ts", 'import type { A } from "../store/common.ts";'],
    ["the gateway imports a port", "gateway/x.ts", 'import type { A } from "../store/denials/port.ts";'],
    [
      "the gateway imports the key cache's ports",
      "gateway/x.ts",
      'import type { A } from "../store/key-cache/ports.ts";',
    ],
    ["the gateway imports authorized-request.ts", "gateway/x.ts", 'import type { A } from "../authorized-request.ts";'],
    ["admin imports a port", "admin/roles/x.ts", 'import type { A } from "../../store/roles/port.ts";'],
    ["admin imports authorized-request.ts", "admin/x.ts", 'import type { A } from "../authorized-request.ts";'],
    ["authorized-request.ts imports core", "authorized-request.ts", 'import type { A } from "./core/access/roles.ts";'],
    ["wiring imports a repository", "wiring/x.ts", 'import { a } from "../store/roles/repository.ts";'],
    ["wiring imports admin", "wiring/x.ts", 'import { a } from "../admin/router.ts";'],
    ["index.ts imports wiring lazily", "index.ts", 'await import("./wiring/admin.ts");'],
  ])("allows that %s", (_, path, text) => {
    expect(breachesOf(new Map([[path, text]]))).toEqual([]);
  });

  it.each([
    ["core reads the clock", "core/x.ts", "const a = Date.now();", "core/x.ts uses the clock"],
    ["the gateway writes to the console", "gateway/x.ts", 'console.log("a");', "gateway/x.ts uses console"],
    ["the Worker fails open", "index.ts", "context.passThroughOnException();", "index.ts uses passThroughOnException"],
    ["a file is in an unknown folder", "utils/x.ts", "", "utils/x.ts is in no known folder"],
  ])("reports that %s", (_, path, text, breach) => {
    expect(breachesOf(new Map([[path, text]]))).toEqual([breach]);
  });

  it.each([
    ["value imports", "import"],
    ["type imports", "import type"],
    ["exports", "export"],
  ])("reports a cycle of %s", (_, keyword) => {
    const sources = new Map([
      ["core/a.ts", `${keyword} { b } from "./b.ts";`],
      ["core/b.ts", `${keyword} { c } from "./c.ts";`],
      ["core/c.ts", `${keyword} { a } from "./a.ts";`],
    ]);
    expect(breachesOf(sources)).toEqual(["a cycle: core/a.ts -> core/b.ts -> core/c.ts -> core/a.ts"]);
  });

  it("reports a cycle that a type import closes", () => {
    const sources = new Map([
      ["gateway/a.ts", 'import { b } from "./proxy/b.ts";'],
      ["gateway/proxy/b.ts", 'import type { A } from "../a.ts";'],
    ]);
    expect(breachesOf(sources)).toEqual(["a cycle: gateway/a.ts -> gateway/proxy/b.ts -> gateway/a.ts"]);
  });
});
