// The use of a canary key, on every path to a denial. The client is told no more than of a revoked key.
import { expect, it } from "vitest";
import type { KeyRecord } from "../../../src/core/access/principal.ts";
import { handleRequest } from "../../../src/gateway/handle-request.ts";
import type { Background } from "../../../src/store/common.ts";
import { aKey, NOW } from "../../support/key.ts";
import { aRequest, CLUSTERS, found, openGateway, TOKEN, type Wanted } from "../gateway-harness.ts";

const CANARY = aKey({ disabledAt: NOW - 5, canary: true });
const HEADERS = { "cf-connecting-ip": "2001:DB8:1:2::3" };
const KEYS = CLUSTERS.replace(/projects.*/, "api-keys");

async function send(wanted: Wanted, path: string, init: RequestInit = {}, record: KeyRecord | null = CANARY) {
  const { gateway, canaryUses, lines } = openGateway({ find: () => found(record, { source: "d1" }), ...wanted });
  const work: Promise<unknown>[] = [];
  const background: Background = (each) => void work.push(each);
  const request = aRequest(path, { ...init, headers: { ...HEADERS, ...(init.headers as object) } }, TOKEN);
  const { status } = await handleRequest(Object.assign(request, { cf: { country: "NZ" } }), gateway, background);
  while (work.length > 0) await Promise.all(work.splice(0));
  return { status, uses: canaryUses, lines };
}

it.each<[string, Wanted, string, RequestInit, number, string | null]>([
  ["a cached record", { cached: found(CANARY) }, CLUSTERS, {}, 401, "listClusters"],
  ["a record that was read", {}, CLUSTERS, {}, 401, "listClusters"],
  ["a mutating request", { cached: found(CANARY) }, CLUSTERS, { method: "POST" }, 401, "createCluster"],
  ["an operation of Gatehouse's own", {}, KEYS, {}, 401, "listApiKeys"],
  ["a request to revoke itself", {}, `${KEYS}/${CANARY.id}/revoke`, { method: "POST" }, 401, "revokeApiKey"],
  [
    "a speculative request",
    {
      policy: { speculativeForwarding: true },
      find: () => ({ cached: aKey(), result: Promise.resolve(found(CANARY)) }),
    },
    ...([CLUSTERS, {}, 401, "listClusters"] as const),
  ],
  [
    "a WebSocket",
    { policy: { allowWebSockets: true } },
    ...([CLUSTERS, { headers: { upgrade: "websocket", connection: "upgrade" } }, 401, "listClusters"] as const),
  ],
  ["an unknown path", {}, "/console/x/y", {}, 404, null],
  ["an unknown path and a cached record", { cached: found(CANARY) }, `${KEYS}/`, {}, 404, null],
  ["a key in BLOCKED_KEY_IDS", { policy: { blockedKeyIds: new Set([CANARY.id]) } }, CLUSTERS, {}, 401, "listClusters"],
])("reports %s", async (_, wanted, path, init, status, operationId) => {
  const sent = await send(wanted, path, init);
  expect(sent.status).toBe(status);
  expect(sent.uses).toEqual([
    {
      ...{ keyId: CANARY.id, accountId: CANARY.accountId, name: CANARY.name, requestId: "request-1" },
      ...{ address: "2001:db8:1:2::3", network: "2001:db8:1::/48", country: "NZ" },
      ...{ method: init.method ?? "GET", path, operationId },
    },
  ]);
});

it("reports no other key, and no canary key that was revoked", async () => {
  for (const record of [aKey({ disabledAt: NOW }), { ...CANARY, revokedAt: NOW }, null]) {
    for (const path of [CLUSTERS, `${KEYS}/`]) expect((await send({}, path, {}, record)).uses).toEqual([]);
  }
});

it("denies as ever when the record of a key with an unknown path cannot be read, and logs why", async () => {
  const down = () => Promise.reject(new Error("D1 is down"));
  const { status, lines } = await send({ find: down }, `${KEYS}/`);
  expect(status).toBe(404);
  expect(lines.filter(({ kind }) => kind === "fault")).toMatchObject([{ facts: { reason: "canary_read" } }]);
});

it("keeps no key of a path, and a path of at most 512 characters", async () => {
  const { uses } = await send({}, `${KEYS}/${"x".repeat(2_000)}`);
  expect(uses[0]?.path).toHaveLength(512);
});

it("knows no address and no country where there is none", async () => {
  const { gateway, canaryUses } = openGateway({ cached: found(CANARY) });
  const work: Promise<unknown>[] = [];
  await handleRequest(aRequest(CLUSTERS, {}, TOKEN), gateway, (each) => void work.push(each));
  await Promise.all(work);
  expect(canaryUses).toMatchObject([{ address: null, network: null, country: null }]);
});
