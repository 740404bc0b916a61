// Where keys are used from: which uses are an event, how many there are, and how often D1 is asked.
import { beforeEach, expect, it } from "vitest";
import { type Address, parseAddress } from "../../../src/core/ip/ip-address.ts";
import { createNetworks } from "../../../src/store/api-keys/networks.ts";
import { createPlaceCheck, pruneNetworks } from "../../../src/store/api-keys/new-networks.ts";
import { configureStore, storeConfigOf } from "../../../src/store/store-config.ts";
import { faultyD1 } from "../../support/faulty-d1.ts";
import { ACCOUNT, count, db, makeAccounts, makeKey, NOW } from "../builders.ts";

const DAY = 86_400_000;
let keyId: string;
beforeEach(async () => {
  await makeAccounts();
  keyId = (await makeKey({ name: "ci" })).id;
});

/** An isolate, on a D1 whose statements are recorded. */
function anIsolate() {
  const d1 = faultyD1(db);
  configureStore(d1.db, storeConfigOf(db));
  const [told, errors, work]: [string[], string[], Promise<unknown>[]] = [[], [], []];
  const check = createPlaceCheck(d1.db, async (accountId) => void told.push(accountId));
  const networks = createNetworks(
    1_000,
    async () => check,
    (what) => errors.push(what),
  );
  const use = (address: string, country: string | null = "NZ", now = NOW, id = keyId) =>
    networks.see(id, parseAddress(address) as Address, country === null ? {} : { cf: { country } }, now, (each) => {
      work.push(each);
    });
  const settle = async () => void (await Promise.all(work.splice(0)));
  return {
    ...{ d1, told, errors, use, settle },
    /** One use after the other. */
    async uses(...each: readonly Parameters<typeof use>[]) {
      for (const one of each) {
        use(...one);
        await settle();
      }
    },
  };
}

async function newNetworks() {
  const sql = "SELECT * FROM audit_events WHERE event_type = 'NEW_NETWORK' ORDER BY seq";
  const { results } = await db.prepare(sql).all<Record<string, unknown>>();
  return results.map((row) => ({ ...row, detail: JSON.parse(String(row.detail)) })) as (Record<string, unknown> & {
    readonly detail: { readonly network: string; readonly country: string | null; readonly new: readonly string[] };
  })[];
}
const found = async () => (await newNetworks()).map(({ detail }) => [detail.network, detail.country, detail.new]);

it("writes an event of the first use from a network or a country, and none of the first use at all", async () => {
  const { uses, told } = anIsolate();
  await uses(["192.0.2.1"], ["192.0.2.200"], ["198.51.100.7"], ["198.51.100.8"], ["203.0.113.9", "FR"]);
  await uses(["2001:db8:1:2::3", "FR"], ["2001:db8:1:ffff::3", "FR"], ["2001:db8:2::3", null]);
  expect(await found()).toEqual([
    ["198.51.100.0/24", "NZ", ["network"]],
    ["203.0.113.0/24", "FR", ["network", "country"]],
    ["2001:db8:1::/48", "FR", ["network"]],
    ["2001:db8:2::/48", null, ["network"]],
  ]);
  expect(told).toEqual(Array(4).fill(ACCOUNT));
  expect((await newNetworks())[1]).toMatchObject({
    ...{ resource_type: "API_KEY", resource_id: keyId, resource_name: "ci", actor_type: "SYSTEM" },
    ...{ address: "203.0.113.9", created_at: NOW },
    message: "API key ci was used from a new network and country: 203.0.113.0/24 (FR)",
  });
});

it("takes a network for new again after 90 days without a use, also where maintenance has deleted it", async () => {
  for (const prunes of [false, true]) {
    const { id } = await makeKey();
    const before = (await found()).length;
    const at = async (address: string, day: number) => {
      if (prunes) await pruneNetworks(db, NOW + day * DAY);
      await anIsolate().uses([address, "NZ", NOW + day * DAY, id]);
      return (await found()).length - before;
    };
    expect(await at("192.0.2.1", 0)).toBe(0);
    expect(await at("198.51.100.7", 1)).toBe(1);
    expect(await at("192.0.2.1", 90)).toBe(1);
    expect(await at("198.51.100.7", 92)).toBe(2);
    expect(await at("192.0.2.1", 180)).toBe(2);
    // The key was not used at all for longer: it was used before, so that its network is new.
    expect(await at("192.0.2.1", 400)).toBe(3);
  }
});

it("writes five events of a key in a day, and takes the other networks for known", async () => {
  const { uses } = anIsolate();
  for (let i = 0; i < 20; i++) await uses([`10.0.${i}.1`]);
  expect(await found()).toHaveLength(5);
  const other = (await makeKey()).id;
  await uses(["10.0.0.1", "NZ", NOW, other], ["10.0.1.1", "NZ", NOW, other]);
  expect(await found()).toHaveLength(6);
  const tomorrow = anIsolate();
  for (let i = 0; i < 21; i++) await tomorrow.uses([`10.0.${i}.1`, "NZ", NOW + DAY]);
  expect(await found()).toHaveLength(7);
});

it("keeps 256 networks of a key, and then has events of countries only", async () => {
  const { uses, use, settle } = anIsolate();
  await uses(["10.0.0.1"]);
  for (let i = 1; i < 256; i++) use(`10.0.${i}.1`);
  await settle();
  const before = (await found()).length;
  const later = NOW + DAY;
  await uses(["10.1.0.1", "NZ", later], ["10.2.0.1", "FR", later], ["10.3.0.1", "FR", later]);
  expect((await found()).slice(before)).toEqual([["10.2.0.0/24", "FR", ["country"]]]);
  // The networks, two countries, and that the key was used.
  expect(await count("key_networks")).toBe(256 + 2 + 1);
});

it("writes one event for isolates at the same time", async () => {
  await anIsolate().uses(["192.0.2.1"]);
  const isolates = Array.from({ length: 5 }, anIsolate);
  for (const { use } of isolates) use("198.51.100.7", "FR");
  for (const { settle } of isolates) await settle();
  expect(await found()).toEqual([["198.51.100.0/24", "FR", ["network", "country"]]]);
  expect(isolates.flatMap(({ errors }) => errors)).toEqual([]);
});

it("takes one network for the first of a new key in two isolates at the same time, and the other for new", async () => {
  const isolates = [anIsolate(), anIsolate()];
  isolates[0]?.use("192.0.2.1");
  isolates[1]?.use("198.51.100.7");
  for (const { settle } of isolates) await settle();
  expect(await found()).toHaveLength(1);
});

it("asks D1 once a day for a key and a network, and writes once a day", async () => {
  const { uses, d1 } = anIsolate();
  for (let i = 0; i < 50; i++) await uses([`192.0.2.${i}`, "NZ", NOW + i]);
  expect(d1.ran).toHaveLength(2);
  const second = anIsolate();
  for (let i = 0; i < 50; i++) await second.uses(["192.0.2.1", "NZ", NOW + DAY + i]);
  expect(second.d1.ran).toHaveLength(2);
  const third = anIsolate();
  await third.uses(["192.0.2.1", "NZ", NOW + DAY + 60_000]);
  expect(third.d1.ran).toHaveLength(1);
});

it("asks D1 for 300 networks of a key in a day at most", async () => {
  const { use, settle, d1 } = anIsolate();
  await anIsolate().uses(["192.0.2.1"]);
  d1.trouble = (sql) => (sql.startsWith("SELECT k.account_id") ? null : new Error("only reads are counted"));
  for (let i = 0; i < 2_000; i++) use(`10.${i >> 8}.${i & 255}.1`);
  await settle();
  expect(d1.ran.filter((sql) => sql.startsWith("SELECT k.account_id"))).toHaveLength(300);
});

it("finds a new network with the next use when D1 has failed", async () => {
  const { uses, d1, errors } = anIsolate();
  await uses(["192.0.2.1"]);
  d1.trouble = new Error("D1_ERROR: internal error");
  await uses(["198.51.100.7"]);
  expect([await found(), errors]).toEqual([[], ["key_networks"]]);
  d1.trouble = null;
  await uses(["198.51.100.7"]);
  expect(await found()).toHaveLength(1);
});

it("finds what is to be deleted by an index", async () => {
  const { results } = await db
    .prepare("EXPLAIN QUERY PLAN DELETE FROM key_networks WHERE last_day < ?1")
    .bind(1)
    .all<{ detail: string }>();
  expect(results.map(({ detail }) => detail).join()).toContain("USING INDEX key_networks_by_last_day");
});
