// An upstream Worker that is reached over a service binding.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CLUSTERS } from "../support/gatehouse.ts";
import { FORWARD_ALL, startWorkerdGateway, type WorkerdGateway } from "../support/workerd-gateway.ts";

const seen: { url: string; headers: Record<string, string>; body: string }[] = [];
let gateway: WorkerdGateway;
beforeAll(async () => {
  gateway = await startWorkerdGateway({
    vars: { ...FORWARD_ALL, UPSTREAM_URL: "" },
    service: async (request) => {
      const { url, headers } = request;
      seen.push({ url, headers: Object.fromEntries(headers), body: await request.text() });
      if (url.includes("redirect")) return Response.redirect("https://upstream.invalid/elsewhere?a=1", 307);
      return new Response("of the Worker", { status: 203, headers: { "x-own": "1", "set-cookie": "a=1" } });
    },
  });
});
afterAll(() => gateway.close());

describe("upstream service binding", () => {
  it("forwards to the bound Worker under a host that cannot be registered", async () => {
    const { token, id } = await gateway.key();
    const response = await gateway.call(token, `${CLUSTERS}?a=%2F`, { method: "POST", body: "hello" });
    expect(response.status).toBe(203);
    expect(await response.text()).toBe("of the Worker");
    expect(response.headers.get("x-own")).toBe("1");
    expect(response.headers.get("set-cookie")).toBeNull();
    expect(seen[0]).toMatchObject({ url: `https://upstream.invalid${CLUSTERS}?a=%2F`, body: "hello" });
    expect(JSON.parse(atob(seen[0]?.headers["gatehouse-identity"]?.split(".")[1] ?? ""))).toMatchObject({ sub: id });
    expect(JSON.stringify(seen)).not.toContain(token);
    expect(gateway.upstream.reached).toEqual([]);
  });

  it("rewrites redirects of the bound Worker to the gateway", async () => {
    const { token } = await gateway.key();
    const response = await gateway.call(token, "/redirect");
    expect(response.status).toBe(307);
    expect(response.headers.get("location")).toBe(`${gateway.url}/elsewhere?a=1`);
  });
});
