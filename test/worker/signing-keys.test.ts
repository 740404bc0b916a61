// Keys that the configuration ends: their secret has left KEY_RING, or BLOCKED_KEY_IDS names them. Through the whole Worker.
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ACCOUNT, makeAccounts } from "../store/builders.ts";
import type { SeededKey } from "../support/seed.ts";
import { ask, CLUSTERS, KEY_RING, startGateway, stopGateways, type TestGateway } from "./worker-harness.ts";

beforeEach(makeAccounts);
afterEach(stopGateways);

const KEYS = `/api/public/v1/accounts/${ACCOUNT}/api-keys`;
const OPERATORS = `/api/public/v1/accounts/${ACCOUNT}/operators`;
const ROLES = `/api/public/v1/accounts/${ACCOUNT}/roles`;
const secrets = JSON.parse(KEY_RING) as Record<string, string>;
const ringOf = (...ids: string[]) => JSON.stringify(Object.fromEntries(ids.map((id) => [id, secrets[id]])));
const signedOld = { ring: ringOf("old") };

const revoke = (gateway: TestGateway, by: SeededKey, key: SeededKey, force = false) =>
  ask(gateway, by, `${KEYS}/${key.id}/revoke${force ? "?force=true" : ""}`, "POST");

/** A key that the configuration ends, beside an Admin key that it does not. */
const ENDED: readonly { readonly title: string; readonly reason: string; readonly denial: string }[] = [
  { title: "whose secret has left KEY_RING", reason: "signing_key_removed", denial: "token_malformed" },
  { title: "that BLOCKED_KEY_IDS names", reason: "blocked", denial: "key_denied" },
];

async function endedKey(reason: string) {
  const seeder = await startGateway();
  const [dead, live] = [await seeder.key({ ...signedOld, name: "dead" }), await seeder.key({ name: "live" })];
  const gateway =
    reason === "blocked"
      ? await startGateway({ BLOCKED_KEY_IDS: dead.id })
      : await startGateway({ KEY_RING: ringOf("new") });
  return { gateway, dead, live };
}

describe.each(ENDED)("a key $title", ({ reason, denial }) => {
  it("is REVOKED with its reason in details, lists and references, and no filter takes it for ACTIVE", async () => {
    const { gateway, dead, live } = await endedKey(reason);
    const { body } = await ask(gateway, live, `${KEYS}/${dead.id}`);
    expect(body.data.info).toMatchObject({
      ...{ status: "REVOKED", unusable_reason: reason, signing_key_id: "old", revoked_at_time: null },
    });
    const statusesOf = async (query: string) => {
      const page = await ask(gateway, live, `${KEYS}?${query}`);
      return page.body.data.map((key: { spec: { name: string } }) => key.spec.name).sort();
    };
    expect(await statusesOf("status=ACTIVE")).toEqual(["live"]);
    expect(await statusesOf("status=REVOKED")).toEqual(["dead"]);
    expect(await statusesOf("status=EXPIRED")).toEqual([]);
    expect(await statusesOf("signing_key_id=old")).toEqual(["dead"]);
    const roles = await ask(gateway, live, ROLES);
    const admin = roles.body.data.find(
      (role: { info: { display_name: string } }) => role.info.display_name === "Admin",
    );
    expect(admin.info.api_keys).toContainEqual(expect.objectContaining({ id: dead.id, status: "REVOKED" }));
  });

  it("comes after an active key of its name", async () => {
    const { gateway, dead, live } = await endedKey(reason);
    await env.DB.prepare("UPDATE api_keys SET name = 'same', created_at = created_at + 60000 WHERE id = ?")
      .bind(dead.id)
      .run();
    await env.DB.prepare("UPDATE api_keys SET name = 'same' WHERE id = ?").bind(live.id).run();
    const first = await ask(gateway, live, `${KEYS}?api_key_name=same&limit=1`);
    expect(first.body.data[0].info.id).toBe(live.id);
    const next = await ask(gateway, live, first.body._metadata.links.next);
    expect(next.body.data.map((key: { info: { id: string } }) => key.info.id)).toEqual([dead.id]);
  });

  it("is denied by explain as it is denied in fact", async () => {
    const { gateway, dead, live } = await endedKey(reason);
    const request = { api_key_id: dead.id, method: "GET", path: CLUSTERS, address: "192.0.2.7" };
    const { body } = await ask(gateway, live, `${KEYS}/explain`, "POST", request);
    expect([body.data.allow, body.data.reason]).toEqual([false, denial]);
    expect(body.data.steps).toContainEqual(expect.objectContaining({ outcome: "refused", reason: denial }));
    expect((await ask(gateway, dead, CLUSTERS)).status).toBe(401);
    expect(gateway.lines.at(-1)?.reason).toBe(denial);
  });

  it("is no manager: the last key that authenticates is not revoked beside it, and it is revoked itself", async () => {
    const { gateway, dead, live } = await endedKey(reason);
    expect(await revoke(gateway, live, live)).toMatchObject({ status: 409, body: { error: { code: "last_manager" } } });
    const ended = await revoke(gateway, live, dead);
    expect(ended.status).toBe(200);
    expect(ended.body.data.info.revoked_at_time).not.toBeNull();
  });
});

describe("an operator", () => {
  const OIDC = { OIDC_ISSUER: "https://issuer.example.com", OIDC_AUDIENCE: "gatehouse" };
  const ADA = { name: "Ada", email: "ada@example.com", role_id: "36ec6789-6dbf-4d12-91b4-243587d6882b" };
  const BOB = { name: "Bob", subject: "bob", issuer: "https://other.example.com", role_id: ADA.role_id };

  it("for whom no issuer is configured is added with a warning, and is no manager", async () => {
    const gateway = await startGateway();
    const key = await gateway.key();
    const added = await ask(gateway, key, OPERATORS, "POST", ADA);
    expect([added.status, added.body.warnings.length]).toEqual([200, 1]);
    expect(added.body.warnings[0].message).toContain("OIDC_ISSUER");
    expect((await revoke(gateway, key, key)).status).toBe(409);
  });

  it("of another issuer than those configured is added with a warning, and is no manager", async () => {
    const gateway = await startGateway(OIDC);
    const key = await gateway.key();
    const added = await ask(gateway, key, OPERATORS, "POST", BOB);
    expect([added.status, added.body.warnings[0].field]).toEqual([200, "issuer"]);
    expect((await revoke(gateway, key, key)).status).toBe(409);
  });

  it("of a configured issuer is added without a warning, and is a manager", async () => {
    const gateway = await startGateway(OIDC);
    const key = await gateway.key();
    const added = await ask(gateway, key, OPERATORS, "POST", ADA);
    expect(added.body.warnings).toEqual([]);
    expect((await revoke(gateway, key, key)).status).toBe(200);
  });
});

describe("a key from before its secret's id was stored", () => {
  async function earlierKeys() {
    const gateway = await startGateway();
    const [earlier, other] = [await gateway.key(signedOld), await gateway.key()];
    await env.DB.prepare("UPDATE api_keys SET signing_key_id = NULL WHERE id = ?").bind(earlier.id).run();
    return { gateway, earlier, other };
  }
  const idOf = async (gateway: TestGateway, by: SeededKey, key: SeededKey) =>
    (await ask(gateway, by, `${KEYS}/${key.id}`)).body.data.info.signing_key_id;

  it.each(["GET", "POST"])("has it after its next request, a %s", async (method) => {
    const { gateway, earlier, other } = await earlierKeys();
    expect(await idOf(gateway, other, earlier)).toBeNull();
    await ask(gateway, earlier, CLUSTERS, method);
    expect(await idOf(gateway, other, earlier)).toBe("old");
  });

  it("counts as a manager where it is to be revoked, and not where it is to remain", async () => {
    const { gateway, earlier, other } = await earlierKeys();
    expect((await revoke(gateway, other, other)).status).toBe(409);
    await env.DB.prepare("UPDATE api_keys SET revoked_at = 1 WHERE id = ?").bind(other.id).run();
    const fresh = await startGateway();
    const viewer = await fresh.key({ role: "Viewer" });
    await env.DB.prepare("UPDATE api_keys SET signing_key_id = NULL WHERE id <> ?").bind(viewer.id).run();
    expect((await revoke(fresh, earlier, earlier)).status).toBe(409);
  });
});

it("a new key has the id of the newest secret in its row, its event and the response", async () => {
  const gateway = await startGateway();
  const admin = await gateway.key();
  const spec = { name: "made", expire_after_hours: 0, role_id: "95b23b27-b36b-4c2e-b7b6-4a94ed7676e4" };
  const { body } = await ask(gateway, admin, KEYS, "POST", spec);
  expect(body.data.info.signing_key_id).toBe("new");
  const event = await env.DB.prepare("SELECT detail FROM audit_events WHERE resource_id = ?")
    .bind(body.data.info.id)
    .first<{ detail: string }>();
  expect(JSON.parse(event?.detail ?? "{}").signing_key_id).toBe("new");
  expect((await ask(gateway, admin, `${KEYS}?signing_key_id=-`)).status).toBe(400);
});
