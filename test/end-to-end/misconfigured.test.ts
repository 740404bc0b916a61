// An invalid configuration: every request is answered 503, and the log names every error.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CLUSTERS } from "../support/gatehouse.ts";
import { startWorkerdGateway, type WorkerdGateway } from "../support/workerd-gateway.ts";

let gateway: WorkerdGateway;
let token: string;
beforeAll(async () => {
  gateway = await startWorkerdGateway({
    vars: { UPSTREAM_URL: "http://user:hunter2@169.254.169.254/", LOG_SAMPLE: "all", ALLOWED_HOST: "typo.example" },
    secrets: { IDENTITY_KEYS: '{"keys":[{"d":"hunter2"}]}' },
  });
  token = (await gateway.key()).token;
});
afterAll(() => gateway.close());

describe("invalid configuration", () => {
  it.each([CLUSTERS, "/", "/.well-known/gatehouse/health", "/.well-known/gatehouse/jwks.json", "/console/"])(
    "answers 503 to every request while the configuration is invalid: %s",
    async (path) => {
      const response = await gateway.call(token, path);
      expect(response.status).toBe(503);
      expect(response.headers.get("cache-control")).toBe("no-store");
      const text = await response.text();
      expect(JSON.parse(text).error).toMatchObject({ status: 503, code: "misconfigured" });
      expect(text).not.toMatch(/hunter2|UPSTREAM|LOG_SAMPLE/);
      expect(gateway.upstream.reached).toEqual([]);
    },
  );

  it("skips the scheduled job while the configuration is invalid", async () => {
    await expect(gateway.scheduled()).resolves.toBeDefined();
  });

  it("logs all configuration errors once and no secret", async () => {
    const events = await gateway.logs();
    const config = events.filter(({ kind }) => kind === "config");
    expect(config).toHaveLength(1);
    const faults = config[0]?.faults as string[];
    for (const name of ["UPSTREAM_URL", "LOG_SAMPLE", "ALLOWED_HOST", "IDENTITY_KEYS"]) {
      expect(faults.filter((fault) => fault.startsWith(`${name} `))).toHaveLength(1);
    }
    expect(JSON.stringify(events)).not.toContain("hunter2");
  });
});

describe("wrangler.toml", () => {
  const toml = readFileSync("wrangler.toml", "utf8").replace(/^\s*#.*$/gm, "");

  it("disables preview addresses, and the workers.dev address as soon as there is a route", () => {
    // wrangler's default for workers_dev is "while there is no route".
    expect(toml).not.toMatch(/^workers_dev\b/m);
    expect(toml).toMatch(/^preview_urls = false$/m);
  });

  it("enables no cache and contains no secret", () => {
    expect(toml).not.toMatch(/^\s*\[?cache|cache_|smart_placement_cache/m);
    expect(toml).not.toMatch(/^\s*(KEY_RING|IDENTITY_KEYS|UPSTREAM_AUTHORIZATION)\s*=/m);
    expect(toml).toMatch(/required = \["KEY_RING", "IDENTITY_KEYS"/);
  });
});
