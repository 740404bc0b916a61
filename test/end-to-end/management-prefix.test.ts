// The operations of Gatehouse below another path than the default one.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ADMIN } from "../../src/core/access/roles.ts";
import { ACCOUNT, CLUSTERS, type Gatehouse, startGatehouse } from "../support/gatehouse.ts";

const KEYS = `/gatehouse/v1/accounts/${ACCOUNT}/api-keys`;
let gatehouse: Gatehouse;
beforeAll(async () => {
  gatehouse = await startGatehouse({ MANAGEMENT_PREFIX: "/gatehouse/v1" });
});
afterAll(() => gatehouse.close());

describe("MANAGEMENT_PREFIX", () => {
  it("moves the operations that Gatehouse serves, and their links", async () => {
    const { token } = await gatehouse.key();
    const body = JSON.stringify({ name: "moved", expire_after_hours: 0, role_id: ADMIN.id });
    const headers = { "content-type": "application/json" };
    const created = await gatehouse.call(token, KEYS, { method: "POST", headers, body });
    expect(created.status).toBe(200);
    const list = await (await gatehouse.call(token, `${KEYS}?limit=1`)).json();
    expect(list._metadata.links.self).toBe(`${KEYS}?limit=1`);
    expect(list._metadata.links.next).toMatch(new RegExp(`^${KEYS}\\?`));
  });

  it("leaves the default path to the API, and its operations where they are", async () => {
    const { token } = await gatehouse.key();
    const before = gatehouse.upstream.reached.length;
    const moved = await gatehouse.call(token, KEYS.replace("/gatehouse", "/api/public"));
    expect([moved.status, (await moved.json()).error.code]).toEqual([403, "operation_unknown"]);
    expect((await gatehouse.call(token, CLUSTERS)).status).toBe(200);
    expect(gatehouse.upstream.reached.length).toBe(before + 1);
  });

  it("confines keys to their account below it", async () => {
    const { token } = await gatehouse.key();
    const other = await gatehouse.call(token, "/gatehouse/v1/accounts/00000000-0000-4000-8000-00000000000b/api-keys");
    expect([other.status, (await other.json()).error.code]).toEqual([404, "account_mismatch"]);
  });

  it("is the path in the OpenAPI document", async () => {
    const { paths } = await (await gatehouse.call(null, "/.well-known/gatehouse/openapi.json")).json();
    const outside = Object.keys(paths).filter((path) => !path.startsWith("/gatehouse/v1/"));
    expect(Object.keys(paths).length).toBeGreaterThan(30);
    expect(outside).toEqual([]);
  });
});
