// docs/observability.md and deploy/grafana name what the code has: metrics, fields and reasons of the log, alerts.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { COUNTED, GAUGES, type Metric } from "../../src/core/metrics/definitions.ts";

const METRICS: readonly Metric[] = [...Object.values(COUNTED), ...Object.values(GAUGES)];
const SAMPLES = METRICS.flatMap(({ name, type }) => {
  if (type === "counter") return [`${name}_total`];
  return type === "gauge" ? [name] : ["_bucket", "_count", "_sum"].map((suffix) => name + suffix);
});
const read = (name: string) => readFileSync(name, "utf8");
const page = read("docs/observability.md");
const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((name) => /\.ts$/.test(name))
  .map((name) => read(`src/${name}`))
  .join("\n");
const promtool = (...args: string[]) => spawnSync("promtool", args, { cwd: "deploy/grafana", encoding: "utf8" });

/** The names in the first cells of the table below a heading cell. */
function firstCells(heading: string): readonly string[] {
  const table = page.slice(page.indexOf(`| ${heading} |`)).split("\n\n")[0] ?? "";
  const cells = table
    .split("\n")
    .slice(2)
    .map((row) => row.split(" | ")[0] ?? "");
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name)).sort();
}

const unique = (names: Iterable<string>) => [...new Set(names)].sort();

it("lists every metric with its type, its label and its help", () => {
  const rows = METRICS.map(({ name, type, label, values, help }) => {
    const labels = label === undefined ? "" : `\`${label}\`${values === undefined ? "" : `: ${values.join(", ")}`}`;
    return `| \`${type === "counter" ? `${name}_total` : name}\` | ${type} | ${labels} | ${help} |`;
  });
  expect(rows.filter((row) => !page.includes(`${row}\n`))).toEqual([]);
  expect(firstCells("metric")).toHaveLength(METRICS.length);
});

it("names metrics as Prometheus advises: by unit, and with no unit of their own", () => {
  const wrong = METRICS.filter(
    ({ name, unit }) => !/^gatehouse_[a-z0-9_]+$/.test(name) || (unit && !name.endsWith(`_${unit}`)),
  );
  expect(wrong).toEqual([]);
  expect(new Set(METRICS.map(({ name }) => name)).size).toBe(METRICS.length);
});

it("lists every field of the log and no other", () => {
  const fields = /export interface LogFields \{([\s\S]*?)\n\}/.exec(read("src/log.ts"))?.[1] ?? "";
  const names = [...fields.matchAll(/readonly (\w+)\??:/g)].map(([, name = ""]) => name);
  expect(names.length).toBeGreaterThan(20);
  expect(firstCells("field")).toEqual([...names, "at", "kind"].sort());
});

it("lists every kind of line and no other", () => {
  const kinds = /export type LogKind = (.*);/.exec(read("src/log.ts"))?.[1] ?? "";
  expect(firstCells("`kind`")).toEqual([...kinds.matchAll(/"(\w+)"/g)].map(([, kind]) => kind).sort());
});

it("lists every reason of a fault and no other", () => {
  const patterns = [
    /(?:onError|attempt|logError)\((?:log, )?"(\w+)"/g,
    /write\("fault", \{ reason: "(\w+)"/g,
    /report\("(\w+)", error\)/g,
  ];
  const reasons = unique(patterns.flatMap((each) => [...sources.matchAll(each)].map(([, reason = ""]) => reason)));
  expect(reasons.length).toBeGreaterThan(20);
  expect(firstCells("`reason` of a fault")).toEqual(reasons);
});

it("uses in dashboard, rules and their tests only metrics that exist, and the dashboard uses all of them", () => {
  const rules = parse(read("deploy/grafana/gatehouse.rules.yml")) as {
    groups: { rules: { record?: string; alert?: string; expr: string }[] }[];
  };
  const all = rules.groups.flatMap((group) => group.rules);
  const recorded = all.flatMap(({ record }) => record ?? []);
  const dashboard = JSON.parse(read("deploy/grafana/gatehouse-dashboard.json")) as {
    panels: { id: number; targets: { expr: string }[] }[];
  };
  const shown = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)).join("\n");
  const texts = [shown, ...all.map(({ expr }) => expr), read("deploy/grafana/gatehouse.rules.test.yml")].join("\n");
  const used = [...texts.matchAll(/\bgatehouse[_:][\w:]+/g)].map(([name]) => name);
  expect(used.length).toBeGreaterThan(40);
  expect(unique(used).filter((name) => !SAMPLES.includes(name) && !recorded.includes(name))).toEqual([]);
  expect(METRICS.filter(({ name }) => !shown.includes(name))).toEqual([]);
  const labels = unique([...texts.matchAll(/gatehouse_\w+\{(\w+)[=!~]+"/g)].map(([, label = ""]) => label));
  expect(labels.filter((label) => !METRICS.some((metric) => metric.label === label))).toEqual([]);
  expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  expect(firstCells("alert")).toEqual(unique(all.flatMap(({ alert }) => alert ?? [])));
});

it.skipIf(promtool("--version").error !== undefined)("has rules that promtool accepts, with tests that pass", () => {
  for (const args of [
    ["check", "rules", "gatehouse.rules.yml"],
    ["test", "rules", "gatehouse.rules.test.yml"],
  ]) {
    const { status, stderr } = promtool(...args);
    expect({ args, status, stderr }).toEqual({ args, status: 0, stderr: "" });
  }
});
