// The settings of `npm start`: every documented one works, from .dev.vars and from the environment.
import { readdirSync, readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { expect, it } from "vitest";
import { declareSettings, readSettings, SETTINGS, toEnvFile } from "../../../scripts/dev-settings.ts";

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

it("writes settings so that they are read back as they were", () => {
  const settings = { KEY_RING: '{"k":"a b"}', A: "it's", B: "#no comment", C: "a=b", D: "`" };
  expect({ ...parseEnv(toEnvFile(settings)) }).toEqual(settings);
  expect(() => toEnvFile({ A: "a\nb" })).toThrow("line break");
});

it("declares every setting once in the configuration that wrangler starts with", () => {
  const settings = Object.fromEntries(SETTINGS.map((name) => [name, "x"]));
  const declared = /^\[secrets\]\n(?:#.*\n)*required = (.*)$/m.exec(
    declareSettings(readFileSync("wrangler.toml", "utf8"), settings),
  );
  expect(JSON.parse(declared?.[1] ?? "null")).toEqual(SETTINGS.filter((name) => name !== "UPSTREAM_URL"));
  expect(() => declareSettings("[vars]", settings)).toThrow("[secrets]");
});
