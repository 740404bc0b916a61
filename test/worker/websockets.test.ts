// An open WebSocket ends when its key does, within the bound of a read, and outlives an outage of D1 as a read does.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ACCOUNT, ACTOR, keys, makeAccounts, NOW } from "../store/builders.ts";
import { CLUSTERS, closeDoors, holdTime, openGateway, timePassesUntil } from "./worker-harness.ts";

beforeEach(async () => {
  holdTime(NOW);
  await makeAccounts();
});
afterEach(closeDoors);

// D1 and KV are real, and the machine may be busy.
vi.setConfig({ testTimeout: 30_000 });

const later = (ms: number) => new Promise<void>((resume) => setTimeout(resume, ms));

/** A connection through the door, with the instant and the code of its end. */
async function connected(vars = {}) {
  const gateway = await openGateway({ ALLOW_WEBSOCKETS: "true", ...vars });
  const key = await gateway.key();
  gateway.upstream.answer = () => {
    const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
    server.accept();
    return new Response(null, { status: 101, webSocket: client });
  };
  const answer = await gateway.call(key.token, CLUSTERS, { headers: { upgrade: "websocket" } });
  const socket = answer.webSocket as WebSocket;
  const end: { code: number | null; at: number } = { code: null, at: 0 };
  socket.accept();
  socket.addEventListener("close", ({ code }) => {
    Object.assign(end, { code, at: Date.now() });
  });
  return { gateway, socket, end, ...key };
}

it("closes a WebSocket at most ten seconds after its key is revoked", async () => {
  const { id, end } = await connected();
  await timePassesUntil(later(1_000), 100);
  await keys.revoke(ACCOUNT, id, true, ACTOR, Date.now());
  const revokedAt = Date.now();
  await timePassesUntil(later(10_000), 100);
  expect(end.code).toBe(1008);
  expect(end.at - revokedAt).toBeLessThanOrEqual(10_000);
});

it("keeps a WebSocket open during a D1 outage until the stale-if-error window ends", async () => {
  const { gateway, end } = await connected({ STALE_IF_ERROR_SECONDS: "5" });
  await gateway.behind();
  gateway.d1.trouble = new Error("D1_ERROR: internal error");
  await timePassesUntil(later(8_000), 100);
  expect(end.code).toBeNull();
  await timePassesUntil(later(15_000), 100);
  expect(end.code).toBe(1008);
});
