// The settings of `npm start`: every documented one works, from .dev.vars and from the environment.
import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { readSettings, SETTINGS } from "../../../scripts/dev-settings.ts";

it("knows every setting that the configuration reads", () => {
  const sources = readdirSync("src/config").map((name) => readFileSync(`src/config/${name}`, "utf8"));
  const read = sources.flatMap((text) => [...text.matchAll(/read\.(?!binding|optionalBinding)\w+\(\s*"([A-Z_]+)"/g)]);
  expect(read.map(([, name]) => name).filter((name) => !SETTINGS.includes(name ?? ""))).toEqual([]);
});

it("takes settings from .dev.vars and from the environment, which comes first", () => {
  const devVars = `KEY_RING='{"k":"a b"}'\nUPSTREAM_AUTHORIZATION="Basic x"\nALLOW_WEBSOCKETS=true\nMISTYPED=1\n`;
  const environment = { ALLOW_WEBSOCKETS: "false", UPSTREAM_TIMEOUT_SECONDS: "5", HOME: "/a", BLOCKED_KEY_IDS: "" };
  expect(readSettings(devVars, environment)).toEqual({
    KEY_RING: '{"k":"a b"}',
    UPSTREAM_AUTHORIZATION: "Basic x",
    ALLOW_WEBSOCKETS: "false",
    UPSTREAM_TIMEOUT_SECONDS: "5",
    MISTYPED: "1",
  });
});
