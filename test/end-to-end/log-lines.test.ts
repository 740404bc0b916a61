// The log lines of requests: enough to reconstruct each one, and never a secret.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ACCOUNT, CLUSTERS } from "../support/gatehouse.ts";
import { rawRequest, sendRaw } from "../support/raw.ts";
import { FORWARD_ALL, startWorkerdGateway, type WorkerdGateway } from "../support/workerd-gateway.ts";

let gateway: WorkerdGateway;
let sampled: WorkerdGateway;
beforeAll(async () => {
  [gateway, sampled] = await Promise.all([
    startWorkerdGateway({ vars: FORWARD_ALL }),
    startWorkerdGateway({ vars: { LOG_SAMPLE: "1" } }),
  ]);
});
afterAll(() => Promise.all([gateway.close(), sampled.close()]));
beforeEach(async () => {
  gateway.upstream.reset();
  await gateway.logs();
  await sampled.logs();
});

describe("log line of a request", () => {
  it("logs every denial with the exact reason that the client is not told", async () => {
    const response = await gateway.call("mistyped", CLUSTERS);
    const { error } = (await response.json()) as { error: { request_id: string; code: string } };
    expect(error.code).toBe("invalid_token");
    expect(await gateway.logs()).toEqual([
      expect.objectContaining({
        kind: "call",
        verdict: "deny",
        reason: "token_malformed",
        status: 401,
        method: "GET",
        path: CLUSTERS,
        address: "127.0.0.1",
        request_id: error.request_id,
      }),
    ]);
  });

  it("logs the key and the source of its record once the key is known", async () => {
    const { token, id } = await gateway.key({ role: "Viewer" });
    await gateway.call(token, CLUSTERS, { method: "POST" });
    expect(await gateway.logs()).toEqual([
      expect.objectContaining({
        reason: "permission_missing",
        operation: "createCluster",
        known_operation: true,
        key_id: id,
        account_id: ACCOUNT,
        role: "Viewer",
        source: "d1",
        age_ms: expect.any(Number),
        authorize_ms: expect.any(Number),
        total_ms: expect.any(Number),
      }),
    ]);
  });

  it("logs every allowed request to an unknown operation", async () => {
    const { token } = await gateway.key();
    await gateway.call(token, "/api/public/v9/unheard-of");
    expect(await gateway.logs()).toEqual([
      expect.objectContaining({ verdict: "allow", operation: "unknown", known_operation: false, status: 200 }),
    ]);
  });

  it("logs every internal error", async () => {
    const { token } = await gateway.key();
    gateway.upstream.answer((request) => request.socket.destroy());
    await gateway.call(token, CLUSTERS);
    expect(await gateway.logs()).toEqual([
      expect.objectContaining({ kind: "fault", verdict: "fault", status: 502, error: expect.any(String) }),
    ]);
  });

  it("logs no allowed request by default and every one at LOG_SAMPLE=1", async () => {
    const key = await gateway.key();
    await gateway.call(key.token, CLUSTERS);
    expect(await gateway.logs()).toEqual([]);
    const sampledKey = await sampled.key();
    await sampled.call(sampledKey.token, CLUSTERS);
    expect(await sampled.logs()).toEqual([expect.objectContaining({ verdict: "allow", operation: "listClusters" })]);
  });

  it("logs no query, headers or body, and exactly one line", async () => {
    const lines = ["CF-Connecting-IP: 1.2.3.4; nosy-agent", "User-Agent: nosy-agent", "Content-Length: 11"];
    await sendRaw(gateway.port, rawRequest("POST /x?secret-query=1 HTTP/1.1", lines, "secret-body"));
    const [event, ...rest] = await gateway.logs();
    expect(rest).toEqual([]);
    expect(event?.text).not.toMatch(/secret-query|nosy-agent|secret-body|\n/);
    expect(event?.address).toBeNull();
  });

  it("redacts a key in the logged path", async () => {
    const { token } = await gateway.key();
    await sendRaw(gateway.port, rawRequest(`GET /keys/${token} HTTP/1.1`));
    const [event] = await gateway.logs();
    expect(event?.path).toBe("/keys/[key]");
  });
});
