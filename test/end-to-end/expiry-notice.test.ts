// The notice of a key's end over a real socket: in forwarded, served and denied responses of that key, and in no others.
import { afterAll, beforeAll, expect, it } from "vitest";
import { KEYS_PATH } from "../support/admin-client.ts";
import { CLUSTERS, type Gatehouse, startGatehouse } from "../support/gatehouse.ts";

let gatehouse: Gatehouse;
beforeAll(async () => {
  gatehouse = await startGatehouse();
});
afterAll(() => gatehouse.close());

const DAY = 86_400_000;

it.each([
  ["a forwarded response", "GET", CLUSTERS, 200],
  ["a response of Gatehouse", "GET", KEYS_PATH, 200],
  ["a denial", "POST", KEYS_PATH, 403],
])("is in %s of a key that ends within thirty days", async (_, method, path, status) => {
  const expiresAt = Date.now() + 3.5 * DAY;
  const soon = await gatehouse.key({ role: "Viewer", expiresAt });
  const response = await gatehouse.call(soon.token, path, { method });
  expect(response.status).toBe(status);
  expect(response.headers.get("gatehouse-key-expires-in")).toBe("3d");
  expect(response.headers.get("sunset")).toBe(new Date(expiresAt).toUTCString());
  for (const later of [null, Date.now() + 31 * DAY]) {
    const { token } = await gatehouse.key({ role: "Viewer", expiresAt: later });
    const { headers } = await gatehouse.call(token, path, { method });
    expect([headers.get("gatehouse-key-expires-in"), headers.get("sunset")]).toEqual([null, null]);
  }
});

it("is not in the response to a key that has ended, nor to a forged one", async () => {
  const ended = await gatehouse.key({ expiresAt: Date.now() - DAY });
  for (const token of [ended.token, `${ended.token.slice(0, -2)}AA`]) {
    const { status, headers } = await gatehouse.call(token, CLUSTERS);
    expect([status, headers.get("sunset")]).toEqual([401, null]);
  }
});
