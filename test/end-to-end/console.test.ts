// A Worker that was deployed without the console. test/browser/ tests a built console.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startWorkerdGateway, type WorkerdGateway } from "../support/workerd-gateway.ts";

let gateway: WorkerdGateway;
beforeAll(async () => {
  gateway = await startWorkerdGateway();
});
afterAll(() => gateway.close());

describe("console assets of a Worker without a console", () => {
  it("answers 503 and says how to build the console, under the console's content security policy", async () => {
    const response = await gateway.call(null, "/console/keys");
    expect(response.status).toBe(503);
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(await response.text()).toContain("npm run build");
  });

  it("answers 404 for console files and never forwards console paths", async () => {
    for (const path of ["/console/assets/index.js", "/console/nothing"]) {
      expect((await gateway.call(null, path)).status).toBe(404);
    }
    expect(gateway.upstream.reached).toEqual([]);
  });
});
