// Events as a receiver gets them: verified with the package of Standard Webhooks, over a real socket.
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Client, clientOf, KEYS_PATH, V1 } from "../support/admin-client.ts";
import { ACCOUNT, type Gatehouse, startGatehouse } from "../support/gatehouse.ts";
import { ROLE_IDS } from "../support/seed.ts";

const PATH = `${V1}/accounts/${ACCOUNT}/endpoints`;

interface Received {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

const received: Received[] = [];
/** By path, the statuses of the next responses; 200 after them. */
const answers: Record<string, number[]> = {};
let server: ReturnType<typeof createServer>;
let url: string;
let gatehouse: Gatehouse;
let admin: Client;

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of request) text += part;
  return text;
}

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const path = request.url ?? "";
    received.push({ path, headers: request.headers as Record<string, string>, body: await textOf(request) });
    response.writeHead(answers[path]?.shift() ?? 200).end();
  });
  await new Promise<void>((resume) => void server.listen(0, "127.0.0.1", resume));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  gatehouse = await startGatehouse({ ALLOW_LOOPBACK_ENDPOINTS: "true" });
  admin = clientOf(gatehouse, (await gatehouse.key({ name: "admin" })).token);
});
afterAll(async () => {
  await gatehouse.close();
  server.close();
});

async function newEndpoint(path: string, event_types: readonly string[] = ["api_key.*"]) {
  const { status, body } = await admin("POST", PATH, { name: path.slice(1), url: url + path, event_types });
  expect(status).toBe(200);
  return { ...body.data.info, secret: body.secret as string } as { id: string; etag: string; secret: string };
}

const makeKey = async (name: string) =>
  (await admin("POST", KEYS_PATH, { name, expire_after_hours: 1, role_id: ROLE_IDS.Viewer })).body.data.info.id;
const at = (path: string) => received.filter((each) => each.path === path);
/** What has arrived at a path, once it is so much. */
const arrived = (path: string, count: number) =>
  expect.poll(() => at(path).length, { timeout: 20_000, interval: 50 }).toBe(count);

it("sends a change at once, which the receiver verifies with its secret and with the published keys", async () => {
  const { secret } = await newEndpoint("/first");
  const id = await makeKey("ci");
  await arrived("/first", 1);
  const [{ body, headers } = { body: "", headers: {} as Record<string, string> }] = at("/first");
  const event = new Webhook(secret).verify(body, headers) as { type: string; data: { entity_id: string } };
  expect([event.type, event.data.entity_id]).toEqual(["api_key.create", id]);
  expect(body).not.toContain("eyJ");
  expect(() => new Webhook(secret).verify(body.replace("ci", "cd"), headers)).toThrow();
  const [jwk] = (await (await gatehouse.call(null, "/.well-known/gatehouse/jwks.json")).json()).keys;
  const key = await crypto.subtle.importKey("jwk", jwk, "Ed25519", false, ["verify"]);
  const signature = Buffer.from((headers["webhook-signature"] ?? "").split("v1a,")[1] ?? "", "base64");
  const text = new TextEncoder().encode(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`);
  expect(await crypto.subtle.verify("Ed25519", key, signature, text)).toBe(true);
  const events = await admin("GET", `${V1}/accounts/${ACCOUNT}/audit/events?resource_type=API_KEY`);
  expect(events.body.data[0].audit_event_id).toBe(headers["webhook-id"]);
});

it("tries again after five seconds with the same id, and shows each delivery", async () => {
  const { id } = await newEndpoint("/flaky");
  answers["/flaky"] = [500];
  await makeKey("flaky");
  await arrived("/flaky", 2);
  const [first, second] = at("/flaky");
  expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
  expect(second?.body).toBe(first?.body);
  await expect
    .poll(async () => (await admin("GET", `${PATH}/${id}/deliveries`)).body.data, { timeout: 5_000 })
    .toMatchObject([{ state: "DELIVERED", tries: 2, last_status: 200, event_type: "api_key.create" }]);
});

it("signs with both secrets while one is rotated", async () => {
  const { id, secret: old } = await newEndpoint("/rotated");
  const { secret } = (await admin("POST", `${PATH}/${id}/rotate-secret`, { overlap_hours: 1 })).body;
  await makeKey("rotated");
  await arrived("/rotated", 1);
  const [{ body, headers } = { body: "", headers: {} }] = at("/rotated");
  for (const each of [old, secret]) expect(() => new Webhook(each).verify(body, headers)).not.toThrow();
  const other = (await newEndpoint("/unused")).secret;
  expect(() => new Webhook(other).verify(body, headers)).toThrow();
});

it("disables an endpoint that is gone, tells the others, and sends what it has missed when it is enabled again", async () => {
  const teller = await newEndpoint("/teller", ["endpoint.*"]);
  const { id } = await newEndpoint("/gone");
  answers["/gone"] = [410];
  await makeKey("missed");
  await expect
    .poll(async () => (await admin("GET", `${PATH}/${id}`)).body.data.info, { timeout: 10_000 })
    .toMatchObject({ status: "DISABLED", disabled_reason: "gone" });
  await makeKey("missed too");
  await expect
    .poll(
      () =>
        at("/teller")
          .map(({ body }) => body)
          .join("\n"),
      { timeout: 20_000 },
    )
    .toContain("410 Gone");
  expect(at("/gone")).toHaveLength(1);
  expect(teller.id).not.toBe(id);
  await admin("PUT", `${PATH}/${id}`, { enabled: true });
  await arrived("/gone", 3);
});

it("sends events again by their ids and since a time, with the same webhook-id", async () => {
  const { id } = await newEndpoint("/again");
  const since = new Date(Date.now() - 1_000).toISOString();
  await makeKey("again");
  await arrived("/again", 1);
  const [first] = at("/again");
  const event_ids = [first?.headers["webhook-id"]];
  expect((await admin("POST", `${PATH}/${id}/redeliver`, { event_ids })).body.data).toEqual({ count: 1 });
  await arrived("/again", 2);
  expect(at("/again")[1]?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
  expect((await admin("POST", `${PATH}/${id}/redeliver`, { since })).body.data.count).toBeGreaterThanOrEqual(1);
  for (const body of [{}, { event_ids, since }, { event_ids: [] }, { since: "yesterday" }]) {
    expect((await admin("POST", `${PATH}/${id}/redeliver`, body)).status).toBe(400);
  }
});

it("sends a test on request, and says what became of it and nothing that the receiver has answered", async () => {
  const { id, secret } = await newEndpoint("/tested");
  expect((await admin("POST", `${PATH}/${id}/test`)).body).toEqual({
    data: { delivered: true, status: 200, error: null },
  });
  const [{ body, headers } = { body: "", headers: {} }] = at("/tested");
  expect(new Webhook(secret).verify(body, headers)).toMatchObject({ type: "endpoint.test" });
  answers["/tested"] = [503];
  const failed = await admin("POST", `${PATH}/${id}/test`);
  expect(failed.body.data).toEqual({ delivered: false, status: 503, error: "status" });
});
