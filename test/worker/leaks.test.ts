// Reports of leaked keys through the whole Worker, with keys made for the test in GitHub's format.
import { createHmac } from "node:crypto";
import { afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { ACCOUNT, db, makeAccounts } from "../store/builders.ts";
import type { SeededKey } from "../support/seed.ts";
import { ask, startGateway, stopGateways, type TestGateway } from "./worker-harness.ts";

const GITHUB = "/.well-known/gatehouse/leaks/github";
const ANY = "/.well-known/gatehouse/leaks";
const KEYS = `/api/public/v1/accounts/${ACCOUNT}/api-keys`;
const SECRET = `whsec_${btoa("s".repeat(32))}`;
const FOUND_AT = "https://github.com/octocat/repo/blob/main/.env";

let signer: CryptoKeyPair;
let pem: string;
let gateway: TestGateway;
let key: SeededKey;
let admin: SeededKey;
let isCurrent = true;
let reads = 0;

beforeAll(async () => {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  signer = pair as CryptoKeyPair;
  const spki = new Uint8Array((await crypto.subtle.exportKey("spki", signer.publicKey)) as ArrayBuffer);
  pem = `-----BEGIN PUBLIC KEY-----\n${btoa(String.fromCharCode(...spki))}\n-----END PUBLIC KEY-----\n`;
});
beforeEach(async () => {
  await makeAccounts();
  await start();
});
afterEach(stopGateways);

async function start(vars: Record<string, string> = {}): Promise<void> {
  [isCurrent, reads] = [true, 0];
  gateway = await startGateway({ LEAK_REPORT_SECRET: SECRET, ...vars });
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => {
    reads += 1;
    return Response.json({ public_keys: [{ key_identifier: "k1", key: pem, is_current: isCurrent }] });
  });
  key = await gateway.key({ name: "leaked" });
  admin = await gateway.key({ name: "admin" });
}

async function setLeakAction(leak_action: string): Promise<void> {
  const path = `/api/public/v1/accounts/${ACCOUNT}/policy`;
  const sent = { method: "PUT", headers: JSON_TYPE, body: JSON.stringify({ leak_action }) };
  expect((await gateway.call(admin.token, path, sent)).status).toBe(200);
}

/** DER of the two numbers that WebCrypto signs with. */
function der(raw: Uint8Array): string {
  const number = (half: Uint8Array) => {
    let digits = [...half];
    while (digits.length > 1 && digits[0] === 0) digits = digits.slice(1);
    if ((digits[0] ?? 0) > 0x7f) digits = [0, ...digits];
    return [2, digits.length, ...digits];
  };
  const body = [...number(raw.slice(0, 32)), ...number(raw.slice(32))];
  return btoa(String.fromCharCode(0x30, body.length, ...body));
}

const JSON_TYPE = { "content-type": "application/json" };

async function report(tokens: unknown, changes: Record<string, string> = {}, sentBody?: string) {
  const body = JSON.stringify(tokens);
  const algorithm = { name: "ECDSA", hash: "SHA-256" };
  const raw = await crypto.subtle.sign(algorithm, signer.privateKey, new TextEncoder().encode(body));
  const signature = der(new Uint8Array(raw));
  const signed = { "github-public-key-identifier": "k1", "github-public-key-signature": signature };
  const init = { method: "POST", headers: { ...JSON_TYPE, ...signed, ...changes }, body: sentBody ?? body };
  const response = await gateway.call(null, GITHUB, init);
  await gateway.finishBackgroundWork();
  return { status: response.status, body: JSON.parse(await response.text()) };
}

const leaked = (token = key.token) => ({ token, type: "gatehouse_api_key", url: FOUND_AT, source: "content" });
const stateOf = async () => (await ask(gateway, admin, `${KEYS}/${key.id}`)).body.data.info;
const sha256 = async (text: string) => {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return btoa(String.fromCharCode(...bytes));
};

it("revokes a key that GitHub reports, marks it as compromised with its URL, and gives feedback by hash", async () => {
  const forged = `${key.token.slice(0, -1)}${key.token.endsWith("A") ? "E" : "A"}`;
  const { status, body } = await report([leaked(), leaked(forged), leaked("ü not a key")]);
  expect(status).toBe(200);
  expect(body).toEqual([
    { token_hash: await sha256(key.token), token_type: "gatehouse_api_key", label: "true_positive" },
    { token_hash: await sha256(forged), token_type: "gatehouse_api_key", label: "false_positive" },
    { token_hash: await sha256("ü not a key"), token_type: "gatehouse_api_key", label: "false_positive" },
  ]);
  expect(await stateOf()).toMatchObject({ status: "REVOKED", compromised_url: FOUND_AT });
  expect((await gateway.call(key.token)).status).toBe(401);
  const events = await ask(gateway, admin, `/api/public/v1/accounts/${ACCOUNT}/audit/events?event_type=REVOKE`);
  expect(events.body.data[0]).toMatchObject({
    ...{ entity_id: key.id, actor: { type: "SYSTEM" }, detail: { compromised: { url: FOUND_AT, source: "github" } } },
  });
  expect(JSON.stringify(events.body)).not.toContain(key.token);
});

it("does the same once, however often a report is repeated", async () => {
  await report([leaked(), leaked()]);
  const before = await stateOf();
  expect((await report([leaked()])).body[0].label).toBe("true_positive");
  expect(await stateOf()).toEqual(before);
  const { results } = await db.prepare("SELECT 1 FROM audit_events WHERE resource_id = ?").bind(key.id).all();
  expect(results).toHaveLength(1);
});

it("disables a key, where the policy of its account says so, until somebody enables it", async () => {
  await setLeakAction("disable");
  await report([leaked()]);
  expect(await stateOf()).toMatchObject({
    unusable_reason: "disabled",
    revoked_at_time: null,
    compromised_url: FOUND_AT,
  });
  expect((await gateway.call(key.token)).status).toBe(401);
  const { status } = await gateway.call(admin.token, `${KEYS}/${key.id}/enable`, { method: "POST" });
  expect([status, (await gateway.call(key.token)).status]).toEqual([200, 200]);
  await report([leaked()]);
  expect(await stateOf()).toMatchObject({ unusable_reason: "disabled" });
});

it("only tells, where the policy of its account says so", async () => {
  await setLeakAction("tell");
  await report([leaked()]);
  expect(await stateOf()).toMatchObject({ status: "ACTIVE", compromised_url: FOUND_AT });
  expect((await gateway.call(key.token)).status).toBe(200);
});

it.each([
  ["without a signature", { "github-public-key-signature": "" }],
  ["with a signature that is no DER", { "github-public-key-signature": btoa("x".repeat(64)) }],
  ["of a key that GitHub does not have", { "github-public-key-identifier": "k2" }],
  ["without the id of a key", { "github-public-key-identifier": "" }],
])("denies a report %s, and ends nothing", async (_, headers) => {
  expect((await report([leaked()], headers)).status).toBe(401);
  expect(await stateOf()).toMatchObject({ status: "ACTIVE", compromised_on: null });
});

it("denies a report whose body was changed, and one of a key that GitHub does not sign with any more", async () => {
  expect((await report([leaked()], {}, JSON.stringify([leaked(), leaked()]))).status).toBe(401);
  expect(await stateOf()).toMatchObject({ status: "ACTIVE" });
  await start();
  isCurrent = false;
  expect((await report([leaked()])).status).toBe(401);
});

it("asks GitHub for its keys once, however many unknown ids clients send", async () => {
  await report([leaked()]);
  for (let i = 0; i < 5; i++) await report([leaked()], { "github-public-key-identifier": `u${i}` });
  expect(reads).toBe(1);
});

it("takes ten thousand tokens in one report, and no more", async () => {
  const others = Array.from({ length: 9_999 }, (_, i) => leaked(`${key.token}${i}`));
  const { status, body } = await report([...others, leaked()]);
  expect([status, body.length, body[9_999].label]).toEqual([200, 10_000, "true_positive"]);
  expect((await report([...others, leaked(), leaked()])).status).toBe(400);
  for (const wrong of [{}, [1], "x", null]) expect((await report(wrong)).status).toBe(400);
});

async function tell(body: object, headers: Record<string, string> = {}) {
  const init = { method: "POST", headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify(body) };
  const response = await gateway.call(null, ANY, init);
  await gateway.finishBackgroundWork();
  return response.status;
}

it("lets anybody who has a key end it, and believes no URL of theirs", async () => {
  expect(await tell({ token: key.token, url: "https://evil.example/click" })).toBe(200);
  expect(await stateOf()).toMatchObject({ status: "REVOKED", compromised_url: null });
  expect(await tell({ token: "no key" })).toBe(401);
  expect(await tell({})).toBe(400);
});

function signed(body: object, at: number, secret = SECRET): Record<string, string> {
  const timestamp = String(Math.floor(at / 1_000));
  const bytes = Uint8Array.from(atob(secret.slice(6)), (char) => char.charCodeAt(0));
  const code = createHmac("sha256", bytes)
    .update(`r1.${timestamp}.${JSON.stringify(body)}`)
    .digest("base64");
  return { "webhook-id": "r1", "webhook-timestamp": timestamp, "webhook-signature": `v1,${code}` };
}

it("takes the signed report of a scanner with its URL, and none that is wrong, old or of the future", async () => {
  const body = { token: key.token, url: FOUND_AT };
  const now = Date.now();
  expect(await tell(body, signed(body, now - 301_000))).toBe(401);
  expect(await tell(body, signed(body, now + 310_000))).toBe(401);
  expect(await tell(body, signed(body, now, `whsec_${btoa("t".repeat(32))}`))).toBe(401);
  expect(await tell({ ...body, url: "https://other.example/" }, signed(body, now))).toBe(401);
  expect(await stateOf()).toMatchObject({ status: "ACTIVE" });
  expect(await tell(body, signed(body, now))).toBe(200);
  expect(await stateOf()).toMatchObject({ status: "REVOKED", compromised_url: FOUND_AT });
});

it("has no other path and no other method there", async () => {
  expect((await gateway.call(null, GITHUB)).status).toBe(405);
  expect((await gateway.call(null, `${ANY}/gitlab`, { method: "POST" })).status).toBe(404);
  expect((await gateway.call(null, ANY, { method: "POST", body: "{}" })).status).toBe(415);
});
