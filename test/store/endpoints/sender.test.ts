// The sender on a real D1: which events it signs, when it gives an endpoint up, and who waits for whom.
import { beforeEach, expect, it } from "vitest";
import { FAILING_MS } from "../../../src/core/events/retry.ts";
import type { NewEndpoint, SendResult } from "../../../src/store/endpoints/port.ts";
import { createSender } from "../../../src/store/endpoints/sender.ts";
import { ACCOUNT, count, db, endpoints, makeAccounts, makeEndpoint, makeKey, NOW, OTHER_ACCOUNT } from "../builders.ts";

const OK: SendResult = { ok: true, status: 200, error: null };
const DOWN: SendResult = { ok: false, status: 503, error: "status" };
const DAY = 86_400_000;

let now = NOW;
let sent: { readonly url: string; readonly type: string; readonly name: string; readonly at: number }[] = [];
let answer: (url: string, name: string) => SendResult = () => OK;

async function newSender() {
  const pair = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
  const jwk = (await crypto.subtle.exportKey("jwk", pair.privateKey)) as JsonWebKey;
  const clock = {
    now: () => now,
    after: (delayMs: number, run: () => void) => {
      now += delayMs;
      queueMicrotask(run);
      return () => undefined;
    },
    pause: async () => undefined,
  };
  return createSender({
    ...{ db, clock, signer: { ...jwk, kid: "test" } as { kid: string } },
    format: (_, event) => ({ contentType: "application/json", body: JSON.stringify(event) }),
    async send(url, { body }) {
      const { eventType, resourceType, resourceName } = JSON.parse(body);
      sent.push({ url, type: `${resourceType}.${eventType}`, name: resourceName, at: now });
      return answer(url, resourceName);
    },
    onError: (_, error) => {
      throw error;
    },
  });
}

let sender: Awaited<ReturnType<typeof newSender>>;
beforeEach(async () => {
  [now, sent, answer] = [NOW, [], () => OK];
  await makeAccounts();
  sender = await newSender();
});

const made = (changes: Partial<NewEndpoint> = {}) => makeEndpoint({ eventTypes: ["api_key.create"], ...changes });
const names = () => sent.map(({ name }) => name);

it("sends what the filter lets pass, from the endpoint's creation on, once", async () => {
  await makeKey({ name: "before" });
  await made();
  await makeEndpoint({ url: "https://all.example.com/" });
  await makeKey({ name: "after" });
  expect(await sender.sendAll()).toBe(3);
  expect(names().sort()).toEqual(["after", "after", "siem"]);
  expect(await sender.sendAll()).toBe(0);
});

it("signs no event that Gatehouse has not written, and lets it stand in no other's way", async () => {
  await made();
  const { id } = await makeKey({ name: "real" });
  await db
    .prepare(`INSERT INTO audit_events (id, account_id, event_type, resource_type, resource_id, resource_name, actor_type,
      actor_name, message, created_at, number, mac) SELECT ?, account_id, event_type, resource_type, resource_id, 'forged',
      actor_type, actor_name, message, created_at, number + 1, mac FROM audit_events WHERE resource_id = ?`)
    .bind(crypto.randomUUID(), id)
    .run();
  await makeKey({ name: "later" });
  await sender.sendAll();
  expect(names()).toEqual(["real", "later"]);
  const row = await db.prepare("SELECT next_at, last_error FROM deliveries WHERE last_error IS NOT NULL").first();
  expect(row).toEqual({ next_at: null, last_error: "not_authentic" });
});

it("holds back what comes after a failed event of the same resource, and nothing else", async () => {
  await makeEndpoint({ eventTypes: ["api_key.*"] });
  const { id } = await makeKey({ name: "bad" });
  const [row] = (await db.prepare("SELECT * FROM api_keys WHERE id = ?").bind(id).all()).results;
  expect(row).toBeDefined();
  answer = (_, name) => (name === "bad" ? DOWN : OK);
  await makeKey({ name: "good" });
  await sender.sendAll();
  now += 10_000;
  await sender.sendAll();
  expect(names()).toEqual(["bad", "good", "bad"]);
  answer = () => OK;
  now += 5 * 60_000;
  await sender.sendAll();
  expect(names().at(-1)).toBe("bad");
});

it("disables an endpoint once nothing has arrived for five days, with an event, and not before", async () => {
  const endpoint = await made();
  await makeEndpoint({ url: "https://teller.example.com/", eventTypes: ["endpoint.*"] });
  answer = (url) => (url === endpoint.url ? DOWN : OK);
  for (const until = NOW + FAILING_MS - DAY; now < until; now += DAY) {
    await makeKey({ name: "missed" }, now);
    await sender.sendAll();
    expect((await endpoints.get(ACCOUNT, endpoint.id))?.disabled).toBeNull();
  }
  now = NOW + FAILING_MS + 1;
  await makeKey({ name: "missed" }, now);
  await sender.sendAll();
  expect((await endpoints.get(ACCOUNT, endpoint.id))?.disabled?.reason).toBe("failing");
  await sender.sendAll();
  expect(sent.filter(({ url }) => url.includes("teller")).map(({ type }) => type)).toContain("ENDPOINT.EDIT");
  const before = sent.length;
  await makeKey({ name: "while disabled" }, now);
  now += DAY;
  await sender.sendAll();
  expect(sent.length).toBe(before);
});

it("sends to other accounts while the endpoints of one are slow", async () => {
  for (let i = 0; i < 5; i++) await made({ url: `https://slow${i}.example.com/` });
  await makeEndpoint({ accountId: OTHER_ACCOUNT, url: "https://fast.example.com/" });
  await makeKey({ name: "slow" });
  answer = (url) => {
    if (!url.includes("slow")) return OK;
    now += 10_000;
    return { ok: false, status: null, error: "timeout" };
  };
  await sender.sendAll();
  const fast = sent.findIndex(({ url }) => url.includes("fast"));
  expect(fast).toBeGreaterThanOrEqual(0);
  expect(fast).toBeLessThan(3);
  expect(await count("deliveries")).toBeGreaterThan(0);
});

it("lets two runs at the same time send every event once", async () => {
  await made();
  for (let i = 0; i < 20; i++) await makeKey({ name: `k${i}` });
  const other = await newSender();
  await Promise.all([sender.sendAll(), other.sendAll(), sender.sendAccount(ACCOUNT), other.sendAccount(ACCOUNT)]);
  expect(new Set(names()).size).toBe(20);
  expect(sent).toHaveLength(20);
});
