// The first use of a key from a network, over a real socket: an event behind a response that is as ever.
import { afterAll, beforeAll, expect, it } from "vitest";
import { ACCOUNT, CLUSTERS } from "../support/gatehouse.ts";
import { startWorkerdGateway, type WorkerdGateway } from "../support/workerd-gateway.ts";

const EVENTS = `/api/public/v1/accounts/${ACCOUNT}/audit/events`;

let gateway: WorkerdGateway;
beforeAll(async () => {
  gateway = await startWorkerdGateway({ worker: { cf: { country: "NZ" } } });
});
afterAll(() => gateway.close());

const from = (address: string) => ({ headers: { "cf-connecting-ip": address } });

it("writes an event of a new network behind an allowed request, and none of a denied one", async () => {
  const [admin, key] = [await gateway.key(), await gateway.key({ rules: ["192.0.2.0/24", "198.51.100.0/24"] })];
  const events = async () => {
    const response = await gateway.call(admin.token, `${EVENTS}?event_type=NEW_NETWORK&search=${key.id}`);
    // biome-ignore lint/suspicious/noExplicitAny: a test reads members of any response
    return ((await response.json()) as any).data;
  };
  const known = async () => {
    const sql = `SELECT count(*) AS n FROM key_networks WHERE key_id = '${key.id}'`;
    return (await gateway.env.DB.prepare(sql).all()).results[0]?.n;
  };
  expect((await gateway.call(key.token, CLUSTERS, from("192.0.2.1"))).status).toBe(200);
  await expect.poll(known, { timeout: 10_000 }).toBe(3);
  expect((await gateway.call(key.token, CLUSTERS, from("203.0.113.9"))).status).toBe(403);
  expect(await events()).toEqual([]);
  expect((await gateway.call(key.token, CLUSTERS, from("198.51.100.7"))).status).toBe(200);
  await expect.poll(async () => (await events()).length, { timeout: 10_000 }).toBe(1);
  expect((await events())[0]).toMatchObject({
    ...{ event_name: "New Network of API Key", entity_id: key.id, address: "198.51.100.7" },
    detail: { network: "198.51.100.0/24", country: "NZ", new: ["network"] },
  });
});
