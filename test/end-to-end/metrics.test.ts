// The metrics as a scraper sees them: exact numbers of known traffic, both formats, and nobody else.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CLUSTERS } from "../support/gatehouse.ts";
import { parseOpenMetrics, sampleOf } from "../support/openmetrics.ts";
import { startWorkerdGateway, type WorkerdGateway } from "../support/workerd-gateway.ts";

const TOKEN = "metrics-token-0123456789-0123456789";
const METRICS = "/.well-known/gatehouse/metrics";

let gateway: WorkerdGateway;
beforeAll(async () => {
  gateway = await startWorkerdGateway({ secrets: { METRICS_TOKEN: TOKEN } });
});
afterAll(() => gateway.close());

describe("GET /.well-known/gatehouse/metrics", () => {
  it("has exactly the requests that were sent", async () => {
    const [key, viewer] = [await gateway.key(), await gateway.key({ role: "Viewer" })];
    await Promise.all(Array.from({ length: 20 }, () => gateway.call(key.token, CLUSTERS)));
    for (let i = 0; i < 3; i++) await gateway.call(viewer.token, CLUSTERS, { method: "POST" });
    for (let i = 0; i < 2; i++) await gateway.call("mistyped", CLUSTERS);
    await gateway.call(null, "/.well-known/gatehouse/health");
    const response = await gateway.call(TOKEN, METRICS);
    expect(response.headers.get("content-type")).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-store");
    const families = parseOpenMetrics(await response.text());
    const value = (sample: string) => sampleOf(families, `gatehouse_${sample}`);
    expect(value('requests_total{outcome="allowed"}')).toBe(20);
    expect(value('requests_total{outcome="denied"}')).toBe(5);
    expect(value('requests_total{outcome="public"}')).toBe(1);
    expect(value('denials_total{reason="permission_missing"}')).toBe(3);
    expect(value('denials_total{reason="token_malformed"}')).toBe(2);
    expect(value('upstream_responses_total{status="2xx"}')).toBe(20);
    expect(value("upstream_response_seconds_count")).toBe(20);
    expect(value("isolates_active")).toBe(1);
  });

  it("is Prometheus' text format for a client that prefers it", async () => {
    const response = await gateway.call(TOKEN, METRICS, { headers: { accept: "text/plain" } });
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(await response.text()).toContain("# TYPE gatehouse_requests_total counter\n");
  });

  it("is served with METRICS_TOKEN only: no key of any role has it", async () => {
    const admin = await gateway.key({ role: "Admin" });
    for (const token of [null, admin.token, `${TOKEN}x`, TOKEN.slice(1), TOKEN.toUpperCase(), "ü".repeat(35)]) {
      const response = await gateway.call(token, METRICS);
      expect([response.status, response.headers.get("www-authenticate")?.startsWith("Bearer")]).toEqual([401, true]);
      expect(await response.text()).not.toContain("gatehouse_");
    }
    expect((await gateway.call(TOKEN, CLUSTERS)).status).toBe(401);
    expect((await gateway.call(TOKEN, METRICS, { method: "POST" })).status).toBe(405);
  });

  it("never shows METRICS_TOKEN in the log", async () => {
    await gateway.call(`${TOKEN}x`, METRICS);
    const lines = await gateway.logs();
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.map(({ text }) => text).join("\n")).not.toContain(TOKEN);
  });
});
