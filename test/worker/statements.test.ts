// Statements of D1 beside the records of keys: a response that is lost after a commit, a D1 that stays silent or is overloaded.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ACCOUNT, count, db, events, makeAccounts, NOW, VIEWER_ROLE } from "../store/builders.ts";
import { advanceTimeUntil, freezeTime, startGateway, stopGateways } from "./worker-harness.ts";

beforeEach(async () => {
  freezeTime(NOW);
  await makeAccounts();
});
afterEach(stopGateways);
vi.setConfig({ testTimeout: 60_000 });

const API = `/api/public/v1/accounts/${ACCOUNT}`;
const LOST = new Error("D1_ERROR: Network connection lost.");
const HEADERS = { "content-type": "application/json" };
const SPEC = JSON.stringify({ name: "ci", expire_after_hours: 1, role_id: VIEWER_ROLE });

describe("a change whose response is lost after the commit", () => {
  it("is answered 200 with the key, which is made once", async () => {
    const gateway = await startGateway();
    const { token } = await gateway.key();
    gateway.d1.losesAnswers = LOST;
    const response = await advanceTimeUntil(
      gateway.call(token, `${API}/api-keys`, { method: "POST", body: SPEC, headers: HEADERS }),
    );
    expect(response.status).toBe(200);
    expect((await response.json()) as object).toMatchObject({
      data: { spec: { name: "ci" } },
      jwt: expect.any(String),
    });
    expect(await count("api_keys")).toBe(2);
    expect(await events()).toEqual(["CREATE_API_KEY"]);
  });

  it("is answered 200 when it was a revocation", async () => {
    const gateway = await startGateway();
    const [{ token }, { id }] = [await gateway.key(), await gateway.key()];
    gateway.d1.losesAnswers = LOST;
    const response = await advanceTimeUntil(gateway.call(token, `${API}/api-keys/${id}/revoke`, { method: "POST" }));
    expect(response.status).toBe(200);
  });

  it("is answered 503 when it cannot be read whether it was committed", async () => {
    const gateway = await startGateway();
    const { token } = await gateway.key();
    gateway.d1.losesAnswers = LOST;
    gateway.d1.trouble = (sql) => (sql.startsWith("SELECT 1 FROM audit_events") ? LOST : null);
    const response = await advanceTimeUntil(
      gateway.call(token, `${API}/api-keys`, { method: "POST", body: SPEC, headers: HEADERS }),
    );
    expect(response.status).toBe(503);
  });
});

describe("a statement of an operation of Gatehouse", () => {
  it.each([
    ["a list", "GET", "api-keys"],
    ["a change", "POST", "api-keys"],
    ["the roles", "GET", "roles"],
  ])("is given up when D1 stays silent: %s", async (_, method, path) => {
    const gateway = await startGateway();
    const { token } = await gateway.key();
    await gateway.call(token, `${API}/roles`);
    gateway.d1.trouble = (sql) => (sql.includes("WHERE k.hash") || sql.includes("AS oldestSeq") ? null : "silent");
    const init = method === "POST" ? { method, body: SPEC, headers: HEADERS } : {};
    const startedAt = Date.now();
    const response = await advanceTimeUntil(gateway.call(token, `${API}/${path}`, init), 50);
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).not.toBeNull();
    expect(Date.now() - startedAt).toBeLessThan(21_000);
  });

  it("is repeated once after a transient error when it only reads", async () => {
    const gateway = await startGateway();
    const { token } = await gateway.key();
    let failures = 0;
    gateway.d1.trouble = (sql) =>
      sql.includes("FROM roles") && !sql.includes("k.hash") && failures++ === 0 ? LOST : null;
    expect((await advanceTimeUntil(gateway.call(token, `${API}/roles`))).status).toBe(200);
    expect(failures).toBeGreaterThan(1);
  });

  it("is not asked for five seconds after D1 was overloaded", async () => {
    const gateway = await startGateway();
    const { token } = await gateway.key();
    gateway.d1.trouble = (sql) => (sql.includes("k.hash") ? null : new Error("D1 DB is overloaded"));
    expect((await advanceTimeUntil(gateway.call(token, `${API}/roles`))).status).toBe(503);
    gateway.d1.trouble = null;
    gateway.resetCounts();
    expect((await advanceTimeUntil(gateway.call(token, `${API}/roles`))).status).toBe(503);
    expect(gateway.d1.ran.filter((sql) => sql.includes("FROM roles") && !sql.includes("k.hash"))).toEqual([]);
  });
});

describe("a row of D1 that is older than the change log says", () => {
  it.each(["GET", "POST"])("is answered 503, never allowed: %s", async (method) => {
    const gateway = await startGateway();
    const { token, id } = await gateway.key();
    await db.prepare("INSERT INTO key_changes (key_id, version, at) VALUES (?, 2, ?)").bind(id, NOW).run();
    // The feed has been read before.
    await gateway.call((await gateway.key()).token);
    await gateway.finishBackgroundWork();
    const response = await gateway.call(token, undefined, { method });
    expect([response.status, gateway.upstream.reached.length]).toEqual([503, 1]);
  });
});

describe("a change feed that cannot be read while rows can", () => {
  it("denies no valid key: a request reads the row", async () => {
    const gateway = await startGateway();
    const { token } = await gateway.key();
    expect((await gateway.call(token)).status).toBe(200);
    await gateway.finishBackgroundWork();
    // A new isolate, with a copy in KV.
    const other = await startGateway();
    other.d1.trouble = (sql) => (sql.includes("AS oldestSeq") ? new Error("D1_ERROR: malformed JSON") : null);
    for (let i = 0; i < 3; i++) expect((await other.call(token)).status).toBe(200);
  });
});
