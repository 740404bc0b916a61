// The text of the metrics in both formats, by a strict parser and by promtool where there is one.
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { createCounters } from "../../../src/core/metrics/counters.ts";
import { COUNTED, GAUGES, type Gauges, type Metric } from "../../../src/core/metrics/definitions.ts";
import { chooseFormat, exposition } from "../../../src/core/metrics/exposition.ts";
import { parseOpenMetrics, sampleOf } from "../../support/openmetrics.ts";

const NOTHING = Object.fromEntries(Object.keys(GAUGES).map((name) => [name, 0])) as Gauges;
const METRICS: readonly Metric[] = [...Object.values(COUNTED), ...Object.values(GAUGES)];
const promtool = spawnSync("promtool", ["--version"]);

function someTotals() {
  const counters = createCounters();
  counters.requests.add("allowed", 3);
  counters.denials.add("key_expired");
  for (const ms of [0, 5, 6, 1_000, 40_000]) counters.d1_query.observe("read", ms);
  counters.upstream_response.observe("", 30);
  return counters.totals();
}

describe("exposition", () => {
  it("is OpenMetrics with every metric, its type, its unit and its help", () => {
    const families = parseOpenMetrics(exposition("openmetrics", someTotals(), NOTHING));
    expect([...families.keys()]).toEqual(METRICS.map(({ name }) => name));
    for (const { name, type, unit, help } of METRICS) {
      expect(families.get(name)).toMatchObject({ type, unit: unit ?? null, help });
    }
  });

  it("counts a time in the first bucket whose bound it does not exceed, and in all above", () => {
    const families = parseOpenMetrics(exposition("openmetrics", someTotals(), NOTHING));
    const bucket = (le: string) => sampleOf(families, `gatehouse_d1_query_seconds_bucket{kind="read",le="${le}"}`);
    expect(["0.005", "0.01", "0.5", "1.0", "30.0", "+Inf"].map(bucket)).toEqual([2, 3, 3, 4, 4, 5]);
    expect(sampleOf(families, 'gatehouse_d1_query_seconds_sum{kind="read"}')).toBe(41.011);
    expect(sampleOf(families, "gatehouse_upstream_response_seconds_count")).toBe(1);
  });

  it("has the known values of a label from the start, and others as soon as they are counted", () => {
    const before = parseOpenMetrics(exposition("openmetrics", {}, NOTHING));
    expect(sampleOf(before, 'gatehouse_requests_total{outcome="failed"}')).toBe(0);
    expect(before.get("gatehouse_denials")?.samples.size).toBe(0);
    const after = parseOpenMetrics(exposition("openmetrics", someTotals(), NOTHING));
    expect(sampleOf(after, 'gatehouse_denials_total{reason="key_expired"}')).toBe(1);
  });

  it("escapes the value of a label", () => {
    const families = parseOpenMetrics(exposition("openmetrics", { 'faults|a"\\\nb': 2 }, NOTHING));
    expect(sampleOf(families, 'gatehouse_faults_total{reason="a\\"\\\\\\nb"}')).toBe(2);
  });

  it("shows times in seconds", () => {
    const text = exposition("openmetrics", { degraded: 7_000 }, { ...NOTHING, audit_lag: 1_500 });
    expect(text).toContain("\ngatehouse_degraded_seconds_total 7\n");
    expect(text).toContain("\ngatehouse_audit_seal_lag_seconds 1.5\n");
  });

  it("has the same samples in Prometheus' text format", () => {
    const isSample = (line: string) => line !== "" && !line.startsWith("#");
    const samples = (format: "openmetrics" | "prometheus") =>
      exposition(format, someTotals(), NOTHING).split("\n").filter(isSample);
    expect(samples("prometheus")).toEqual(samples("openmetrics"));
    expect(exposition("prometheus", {}, NOTHING)).toContain("# TYPE gatehouse_requests_total counter\n");
    expect(exposition("prometheus", {}, NOTHING)).not.toMatch(/# (?:UNIT|EOF)/);
  });

  it.skipIf(promtool.error !== undefined)("is accepted by promtool without a finding", () => {
    const input = exposition("prometheus", someTotals(), NOTHING);
    const { status, stderr } = spawnSync("promtool", ["check", "metrics"], { input, encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });
});

describe("chooseFormat", () => {
  it.each([
    [null, "openmetrics"],
    ["*/*", "openmetrics"],
    ["application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1", "openmetrics"],
    ["application/openmetrics-text; version=1.0.0; q=0.4, text/plain; version=0.0.4", "prometheus"],
    ["text/plain", "prometheus"],
    ["text/plain;q=0.5, */*", "openmetrics"],
    ["text/plain;q=0.5, */*;q=0.1", "prometheus"],
    ["application/openmetrics-text;q=0, text/plain;q=0.1", "prometheus"],
  ])("answers Accept %s with %s", (accept, format) => {
    expect(chooseFormat(accept)).toBe(format);
  });
});

describe("createCounters", () => {
  it("counts labels beyond the bound together", () => {
    const counters = createCounters();
    for (let i = 0; i < 100; i++) counters.faults.add(`reason-${i}`);
    const totals = counters.totals();
    expect([Object.keys(totals).length, totals["faults|other"]]).toEqual([65, 36]);
  });

  it("counts a second with degraded requests once", () => {
    const counters = createCounters();
    for (const now of [1_000, 1_500, 1_999, 2_000]) counters.countDegraded(now);
    expect(counters.totals()).toEqual({ degraded_requests: 4, degraded: 2_000 });
  });
});
