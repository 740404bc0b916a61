// New secrets, and the SQL of the first account: as the Worker reads them, and as SQLite runs it.
import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { importJWK, jwtVerify, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { firstKey, newIdentityKeys, newKeyRing } from "../../../scripts/secrets.ts";
import { hashToken, readKeyRing } from "../../../src/core/token/api-key-token.ts";

const ACCOUNT = "340af43a-8a7c-4659-9258-4876fd6a207b";
const NOW = Date.UTC(2026, 10, 28);

function newDatabase(): DatabaseSync {
  const db = new DatabaseSync(":memory:");
  for (const name of readdirSync("migrations").sort()) db.exec(readFileSync(`migrations/${name}`, "utf8"));
  return db;
}

describe("newKeyRing", () => {
  it("makes a key ring of one secret, named after the month", () => {
    const ring = newKeyRing(new Date(NOW));
    expect(Object.keys(JSON.parse(ring))).toEqual(["k2026-11"]);
    expect(readKeyRing(ring)).toHaveProperty("ring");
    expect(newKeyRing(new Date(NOW))).not.toBe(ring);
  });
});

describe("newIdentityKeys", () => {
  it("makes a JWK set of one private Ed25519 key with which a JWT can be signed", async () => {
    const { keys } = JSON.parse(await newIdentityKeys());
    expect(keys).toEqual([
      {
        ...{ kty: "OKP", crv: "Ed25519", alg: "EdDSA" },
        ...{ x: expect.any(String), d: expect.any(String), kid: expect.stringMatching(/^[\w-]{8}$/) },
      },
    ]);
    const token = await new SignJWT({}).setProtectedHeader({ alg: "EdDSA" }).sign(await importJWK(keys[0]));
    const { d: _, ...publicKey } = keys[0];
    await expect(jwtVerify(token, await importJWK(publicKey))).resolves.toBeDefined();
  });
});

describe("firstKey", () => {
  const make = (name: string) => firstKey(newKeyRing(new Date(NOW)), name, ACCOUNT, NOW);

  it("makes SQL that creates the account, its Admin key and the audit event, without the key", async () => {
    const db = newDatabase();
    const first = await make("Müller AG: #1 (a@b)");
    expect(first.statements.join()).not.toContain(first.token);
    db.exec(first.statements.join(";\n"));
    expect(db.prepare("SELECT id, name, created_at FROM accounts").all()).toEqual([
      { id: ACCOUNT, name: "Müller AG: #1 (a@b)", created_at: NOW },
    ]);
    expect(db.prepare("SELECT id, account_id, hash, restricted FROM api_keys").all()).toEqual([
      { id: first.keyId, account_id: ACCOUNT, hash: hashToken(first.token), restricted: 0 },
    ]);
    expect(db.prepare("SELECT account_id, event_type, resource_id, actor_type FROM audit_events").all()).toEqual([
      { account_id: ACCOUNT, event_type: "CREATE", resource_id: first.keyId, actor_type: "SYSTEM" },
    ]);
  });

  it("makes SQL that adds a key to an account that exists", async () => {
    const db = newDatabase();
    db.exec((await make("A")).statements.join(";\n"));
    db.exec((await make("A")).statements.join(";\n"));
    expect(db.prepare("SELECT id FROM accounts").all()).toHaveLength(1);
    expect(db.prepare("SELECT id FROM api_keys").all()).toHaveLength(2);
  });

  it.each(["", " a", "a ", "a;b", "a?b", "a\nb", "x".repeat(65)])("rejects the account name %j", async (name) => {
    await expect(make(name)).rejects.toThrow("A name has 1 to 64");
  });

  it("rejects an unusable key ring", async () => {
    await expect(firstKey("{}", "A", ACCOUNT, NOW)).rejects.toThrow("KEY_RING cannot be used");
  });
});
