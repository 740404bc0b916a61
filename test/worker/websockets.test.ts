// An open WebSocket closes when its key is revoked, within the bound for reads, and outlives a D1 outage as reads do.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ACCOUNT, ACTOR, keys, makeAccounts, NOW } from "../store/builders.ts";
import { advanceTimeUntil, CLUSTERS, freezeTime, startGateway, stopGateways } from "./worker-harness.ts";

beforeEach(async () => {
  freezeTime(NOW);
  await makeAccounts();
});
afterEach(stopGateways);

// D1 and KV are real and may be slow on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const delay = (ms: number) => new Promise<void>((resume) => setTimeout(resume, ms));

/** Opens a WebSocket. `end` has the time and the code of its close. */
async function connect(vars = {}) {
  const gateway = await startGateway({ ALLOW_WEBSOCKETS: "true", ...vars });
  const key = await gateway.key();
  gateway.upstream.answer = () => {
    const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
    server.accept();
    return new Response(null, { status: 101, webSocket: client });
  };
  const response = await gateway.call(key.token, CLUSTERS, { headers: { upgrade: "websocket" } });
  const socket = response.webSocket as WebSocket;
  const end: { code: number | null; at: number } = { code: null, at: 0 };
  socket.accept();
  socket.addEventListener("close", ({ code }) => {
    Object.assign(end, { code, at: Date.now() });
  });
  return { gateway, socket, end, ...key };
}

it("closes a WebSocket at most ten seconds after its key is revoked", async () => {
  const { id, end } = await connect();
  await advanceTimeUntil(delay(1_000), 100);
  await keys.revoke(ACCOUNT, id, true, ACTOR, Date.now());
  const revokedAt = Date.now();
  await advanceTimeUntil(delay(10_000), 100);
  expect(end.code).toBe(1008);
  expect(end.at - revokedAt).toBeLessThanOrEqual(10_000);
});

it("keeps a WebSocket open during a D1 outage until the stale-if-error window ends", async () => {
  const { gateway, end } = await connect({ STALE_IF_ERROR_SECONDS: "5" });
  await gateway.finishBackgroundWork();
  gateway.d1.trouble = new Error("D1_ERROR: internal error");
  await advanceTimeUntil(delay(8_000), 100);
  expect(end.code).toBeNull();
  await advanceTimeUntil(delay(15_000), 100);
  expect(end.code).toBe(1008);
});
