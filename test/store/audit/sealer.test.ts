// The sealer on a real D1 and KV: a chain per account, what it refuses to continue, and the keys that come and go.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { readSigned, type SigningKey, sign } from "../../../src/core/audit/checkpoint.ts";
import { accountStart, CHAIN_START, earlierHash, type StoredEvent } from "../../../src/core/audit/hash-chain.ts";
import { compareTables } from "../../../src/core/audit/replay/compare.ts";
import { createReplay } from "../../../src/core/audit/replay/replay.ts";
import { TABLES } from "../../../src/core/audit/replay/tables.ts";
import { withRetiredKeys } from "../../../src/core/audit/retired-keys.ts";
import { verifyAudit } from "../../../src/core/audit/verify.ts";
import { createKeptHeads, HEAD_PREFIX } from "../../../src/store/audit/kept-heads.ts";
import { createAuditPublisher, readStatement } from "../../../src/store/audit/publisher.ts";
import { createAuditSealer } from "../../../src/store/audit/sealer.ts";
import { readTables } from "../../../src/store/audit/tables-sql.ts";
import { createDryRunRepository } from "../../../src/store/dry-runs/repository.ts";
import { faultyKV } from "../../support/faulty-kv.ts";
import {
  ACCOUNT,
  ACTOR,
  ADMIN_ROLE,
  db,
  keys,
  makeAccounts,
  makeKey,
  makeList,
  makeOperator,
  makeRole,
  NOW,
  OTHER_ACCOUNT,
  RING,
  VIEWER_ROLE,
} from "../builders.ts";

const DAY = 86_400_000;
const KV = env.KEY_COPIES;
const GONE = crypto.randomUUID();

let [first, second]: [SigningKey, SigningKey] = [] as never;
beforeEach(async () => {
  await makeAccounts();
  [first, second] = [await newSigningKey("one"), await newSigningKey("two")];
});

async function newSigningKey(kid: string): Promise<SigningKey> {
  const pair = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
  return { ...((await crypto.subtle.exportKey("jwk", pair.privateKey)) as SigningKey), kid };
}

const sealer = (...signing: readonly SigningKey[]) =>
  createAuditSealer({ db, heads: createKeptHeads(KV, RING), ring: RING, keys: signing });
const errors = (sealed: Awaited<ReturnType<ReturnType<typeof sealer>["sealAll"]>>) =>
  sealed.flatMap(({ error, findings }) => (error === null ? findings : [...findings, (error as Error).message]));
const seal = async (now = NOW, ...signing: readonly SigningKey[]) =>
  errors(await sealer(...(signing.length === 0 ? [first] : signing)).sealAll(now));

const all = async <T>(sql: string) => (await db.prepare(sql).all<T>()).results;

/** The findings of a verification with these published keys. */
async function findings(...published: readonly SigningKey[]): Promise<readonly string[]> {
  const rows = await all<{ kid: string; jws: string }>("SELECT * FROM audit_signing_keys");
  const { keys: known, forged } = await withRetiredKeys(published, rows);
  const days = await all<{ account_id: string; day: string; number: number; kid: string; jws: string }>(
    "SELECT * FROM audit_account_checkpoints ORDER BY account_id, day",
  );
  const earlier = await all<{ day: string; seq: number; jws: string }>("SELECT * FROM audit_checkpoints ORDER BY day");
  const { keys: names } = await KV.list<{ jws: string }>({ prefix: HEAD_PREFIX });
  const kept = await Promise.all(names.map(({ metadata }) => readSigned("checkpoint", String(metadata?.jws), known)));
  const verified = await verifyAudit({
    events: await all<StoredEvent>("SELECT * FROM audit_events ORDER BY seq"),
    days: await Promise.all(
      days.map(async ({ account_id: account, jws, ...row }) => ({
        ...{ account, ...row },
        signed: await readSigned("checkpoint", jws, known),
      })),
    ),
    earlierDays: await Promise.all(
      earlier.map(async ({ jws, ...row }) => ({ ...row, signed: await readSigned("earlier", jws, known) })),
    ),
    retired: rows.map(({ kid }) => kid),
    kept: kept.flatMap((said) => (said === null ? [] : [{ ...said, from: "KV" }])),
  });
  return [...verified.findings.map(({ message }) => message), ...forged];
}

describe("sealing", () => {
  it("seals an event with text of any script", async () => {
    await makeRole({ description: "cost in €" });
    await makeList({ description: "\u{1f5dd} \ud800" });
    expect(await seal()).toEqual([]);
    expect(await findings(first)).toEqual([]);
  });

  it("seals every account by itself: the trouble of one stops no other", async () => {
    await makeKey();
    await seal();
    await db.prepare("UPDATE audit_account_checkpoints SET jws = 'x' WHERE account_id = ?").bind(ACCOUNT).run();
    await makeKey();
    await makeKey({ accountId: OTHER_ACCOUNT });
    expect(await seal()).toEqual(["the audit checkpoint of 2026-11-23 was not signed by this gateway"]);
    const open = await all("SELECT account_id FROM audit_events WHERE hash IS NULL");
    expect(open).toEqual([{ account_id: ACCOUNT }]);
  });

  it("seals any number of events of an account with one statement, and nothing when nothing is new", async () => {
    for (let i = 0; i < 20; i++) await makeKey();
    const ran: string[] = [];
    const prepare = (sql: string) => {
      ran.push(sql);
      return db.prepare(sql);
    };
    const counted = { prepare, batch: db.batch.bind(db) } as unknown as D1Database;
    const one = createAuditSealer({ db: counted, heads: createKeptHeads(KV, RING), ring: RING, keys: [first] });
    expect(await one.sealAccount(ACCOUNT, NOW)).toMatchObject({ count: 20, end: { number: 20 }, error: null });
    expect(ran.filter((sql) => sql.startsWith("UPDATE"))).toHaveLength(1);
    expect(await one.sealAccount(ACCOUNT, NOW)).toBeNull();
    expect(await findings(first)).toEqual([]);
  });

  it("computes the same in concurrent runs", async () => {
    for (let i = 0; i < 5; i++) await makeKey();
    await Promise.all([1, 2, 3].map((i) => seal(NOW + i)));
    await makeKey();
    await Promise.all([1, 2, 3].map((i) => seal(NOW + DAY * i)));
    expect(await findings(first)).toEqual([]);
  });

  it("marks an event that somebody else wrote to D1, and seals the others", async () => {
    await makeKey();
    await db.exec(
      `INSERT INTO audit_events SELECT seq + 1, 'x' || substr(id, 2), account_id, event_type, resource_type,
      resource_id, resource_name, actor_type, actor_id, actor_name, address, request_id, 'made up', detail, created_at, hash,
      number + 1, mac, authentic FROM audit_events`.replaceAll(/\s+/g, " "),
    );
    await makeKey();
    expect(await seal()).toEqual(["Event 2 was not written by Gatehouse."]);
    expect(await findings(first)).toEqual([`Event 2 of account ${ACCOUNT} was not written by Gatehouse.`]);
  });

  it("reports an event that was removed before it was sealed, and seals the others", async () => {
    for (let i = 0; i < 3; i++) await makeKey();
    await db.exec("DELETE FROM audit_events WHERE number = 2");
    expect(await seal()).toEqual(["The events before 3 are missing."]);
    expect(await findings(first)).toEqual(
      expect.arrayContaining([`Event 3 of account ${ACCOUNT} is where event 2 should be.`]),
    );
  });

  it("leaves an event of a secret that it does not know to others for ten minutes", async () => {
    await makeKey();
    await db.exec("UPDATE audit_events SET mac = 'k9.x'");
    expect(await seal(NOW + 599_999)).toEqual([]);
    expect(await all("SELECT hash FROM audit_events")).toEqual([{ hash: null }]);
    expect(await seal(NOW + 600_000)).toEqual(["Event 1 was not written by Gatehouse."]);
  });
});

describe("what is not continued", () => {
  beforeEach(async () => {
    await makeKey();
    await makeKey();
    await seal();
  });

  it("never seals from the start while KV keeps an end, or events are sealed", async () => {
    await db.exec("UPDATE audit_events SET message = 'x' WHERE seq = 1");
    await db.exec("DELETE FROM audit_account_checkpoints");
    await makeKey();
    expect(await seal()).toEqual(["events are sealed, and their checkpoint is missing"]);
    await db.exec("UPDATE audit_events SET hash = NULL, authentic = NULL");
    expect(await seal()).toEqual(["KV keeps an end of the audit log, and D1 has no checkpoint"]);
    expect(await findings(first)).not.toEqual([]);
  });

  it("continues no log that is behind the end that KV keeps, or differs from it", async () => {
    const earlier = await db.prepare("SELECT * FROM audit_account_checkpoints").first<Record<string, string>>();
    await makeKey();
    await seal(NOW + 1);
    await db.exec("DELETE FROM audit_events WHERE number = 3");
    const back = db.prepare("UPDATE audit_account_checkpoints SET number = ?, jws = ?");
    await back.bind(earlier?.number, earlier?.jws).run();
    await makeKey();
    expect(await seal(NOW + 2)).toEqual(["the audit log ends at event 2, and KV keeps a signature of event 3"]);
    expect(await findings(first)).not.toEqual([]);
  });

  it("keeps an end in KV that never goes back", async () => {
    const heads = createKeptHeads(KV, RING);
    const kept = await KV.get(HEAD_PREFIX + ACCOUNT);
    await heads.keep(ACCOUNT, 1, "earlier");
    expect(await KV.get(HEAD_PREFIX + ACCOUNT)).toBe(kept);
    await heads.keep(ACCOUNT, 3, "later");
    expect(await KV.get(HEAD_PREFIX + ACCOUNT)).toContain("later");
  });

  it("reports a sealed event that has lost its hash", async () => {
    await db.exec("UPDATE audit_events SET hash = NULL WHERE number = 1");
    expect(await seal()).toEqual(["Event 1 is not the one that was sealed."]);
    expect(await findings(first)).toEqual([`Event 1 of account ${ACCOUNT} has no hash, although it is signed.`]);
  });

  it("seals without KV what it has sealed before, and starts no account without it", async () => {
    const kv = faultyKV(KV);
    kv.onGet = new Error("KV GET failed: 503");
    const without = createAuditSealer({ db, heads: createKeptHeads(kv.kv, RING), ring: RING, keys: [first] });
    const withKeysKept = { ...createKeptHeads(kv.kv, RING), keepKeys: async () => undefined };
    const one = createAuditSealer({ db, heads: withKeysKept, ring: RING, keys: [first] });
    await makeKey();
    await makeKey({ accountId: OTHER_ACCOUNT });
    expect(errors(await without.sealAll(NOW))).toHaveLength(2);
    expect(await one.sealAccount(ACCOUNT, NOW)).toMatchObject({ count: 1, end: { number: 3 } });
    expect(await one.sealAccount(OTHER_ACCOUNT, NOW)).toMatchObject({ end: null });
    await seal();
    expect(await findings(first)).toEqual([]);
  });
});

describe("identity keys that come and go", () => {
  it("verifies all days with the new public key alone after a rotation", async () => {
    await makeKey();
    await seal(NOW, first);
    await seal(NOW + DAY, first, second);
    await makeKey();
    await seal(NOW + 2 * DAY, second);
    expect(await all("SELECT kid FROM audit_account_checkpoints ORDER BY day")).toEqual([
      { kid: "one" },
      { kid: "two" },
      { kid: "two" },
    ]);
    expect(await findings(second)).toEqual([]);
    expect(await findings(first)).not.toEqual([]);
  });

  it("continues with a new key that replaces a leaked one at once, and verifies the days of the old one", async () => {
    await makeKey();
    await seal(NOW, first);
    await makeKey();
    expect(await seal(NOW + DAY, second)).toEqual([]);
    expect(await findings(second)).toEqual([]);
    // A day that somebody signs with the leaked key afterwards.
    const said = {
      account: ACCOUNT,
      number: 2,
      hash: "0".repeat(64),
      at: NOW + 2 * DAY,
      previous: "2026-11-24",
      retired: [],
    };
    const forged = db.prepare("INSERT INTO audit_account_checkpoints VALUES (?, '2026-11-25', 2, 'one', ?)");
    await forged.bind(ACCOUNT, await sign(first, "checkpoint", said)).run();
    expect(await findings(second)).toEqual([
      `The checkpoint of 2026-11-25 of account ${ACCOUNT} has no valid signature by a known key.`,
    ]);
  });

  it("continues nothing that a leaked key has signed beyond what KV keeps, or that KV does not know", async () => {
    await makeKey();
    await seal(NOW, first);
    const said = { account: ACCOUNT, number: 1, hash: "0".repeat(64), at: NOW, previous: null, retired: [] };
    const forge = db.prepare("UPDATE audit_account_checkpoints SET jws = ?");
    await forge.bind(await sign(first, "checkpoint", said)).run();
    await makeKey();
    expect(await seal(NOW + DAY, second)).toEqual(["event 1 differs from the one whose signature KV keeps"]);
    const known = JSON.parse((await KV.get("audit/key/one")) ?? "");
    await KV.put("audit/key/one", JSON.stringify({ ...known, x: second.x }));
    expect(await seal(NOW + DAY, second)).toEqual([
      "the audit checkpoint of 2026-11-23 was not signed by this gateway",
    ]);
  });
});

describe("a log from before migration 0006", () => {
  it("is continued by the chains of the accounts, and stays verifiable", async () => {
    await makeKey();
    await db.exec("UPDATE audit_events SET number = NULL, mac = NULL");
    const [event] = await all<StoredEvent>("SELECT * FROM audit_events");
    const hash = earlierHash(CHAIN_START, event as StoredEvent);
    const jws = await sign(first, "earlier", { seq: 1, hash, at: NOW });
    await db.prepare("UPDATE audit_events SET hash = ?").bind(hash).run();
    await db.prepare("INSERT INTO audit_checkpoints VALUES ('2026-11-23', 1, ?)").bind(jws).run();
    await makeKey();
    expect(await seal()).toEqual([]);
    expect(await findings(first)).toEqual([]);
    expect(accountStart(ACCOUNT, hash)).not.toBe(accountStart(ACCOUNT, CHAIN_START));
    await db.exec("DELETE FROM audit_checkpoints");
    expect(await findings(first)).not.toEqual([]);
  });
});

describe("the published state", () => {
  const publisher = (...signing: readonly SigningKey[]) =>
    createAuditPublisher(db, KV, createKeptHeads(KV, RING), signing, null);

  it("is one signed digest, renewed when there is a new event, a new key or a new day", async () => {
    await makeKey();
    await seal();
    expect(await publisher(first).publish(NOW)).toBe(1);
    expect(await publisher(first).publish(NOW + 1)).toBe(0);
    const said = await readSigned("statement", String(await readStatement(KV)), [first]);
    expect(said).toEqual({ digest: expect.stringMatching(/^[0-9a-f]{64}$/), at: NOW, signedBy: "one" });
    expect(await publisher(first, second).publish(NOW + 2)).toBe(1);
    expect(await publisher(second).publish(NOW + DAY)).toBe(1);
    await makeKey();
    expect(await publisher(second).publish(NOW + DAY)).toBe(1);
  });

  it("is kept in the bucket under its time", async () => {
    const kept: string[] = [];
    const bucket = { put: async (name: string) => void kept.push(name) } as unknown as R2Bucket;
    const create = () => createAuditPublisher(db, KV, createKeptHeads(KV, RING), [first], bucket);
    await create().publish(NOW);
    expect(kept).toEqual(["2026-11-23T12:00:00.000Z.json"]);
  });

  it("is made again when the bucket fails, and keeps the ends that a run has failed to keep", async () => {
    const kv = faultyKV(KV);
    kv.onPut = new Error("KV PUT failed: 429");
    const heads = { ...createKeptHeads(kv.kv, RING), keepKeys: async () => undefined };
    await makeKey();
    const failing = createAuditSealer({ db, heads, ring: RING, keys: [first] });
    expect(errors(await failing.sealAll(NOW))).toEqual(["KV PUT failed: 429"]);
    expect(await KV.get(HEAD_PREFIX + ACCOUNT)).toBeNull();
    const tries: string[] = [];
    const put = async (name: string) => {
      tries.push(name);
      if (tries.length === 1) throw new Error("R2 is unavailable");
    };
    const publisher = createAuditPublisher(db, KV, createKeptHeads(KV, RING), [first], { put } as unknown as R2Bucket);
    await expect(publisher.publish(NOW)).rejects.toThrow("R2 is unavailable");
    expect([await publisher.publish(NOW), tries.length]).toEqual([1, 2]);
    expect(await KV.get(HEAD_PREFIX + ACCOUNT)).toContain('"number":1');
  });

  it("is not renewed for a log that has gone back", async () => {
    await makeKey();
    await seal();
    await publisher(first).publish(NOW);
    await db.exec("DELETE FROM audit_account_checkpoints");
    await makeKey();
    await expect(publisher(first).publish(NOW)).rejects.toThrow("ended at event 1 when it was published");
  });
});

describe("the replay", () => {
  const read = async (sql: string) => (await db.prepare(sql).all()).results;
  async function unexplained(): Promise<readonly string[]> {
    const replay = createReplay();
    for (const event of await all<StoredEvent>("SELECT * FROM audit_events ORDER BY seq")) replay.add(event);
    return compareTables(replay.tables, await readTables(read)).map(({ message }) => message);
  }

  it("compares every column, but those that grant nothing", async () => {
    for (const [table, { key, columns, leftOut }] of Object.entries(TABLES)) {
      const present = await all<{ name: string }>(`SELECT name FROM pragma_table_info('${table}')`);
      expect(present.map(({ name }) => name).sort(), table).toEqual([key, ...columns, ...leftOut].sort());
    }
  });

  async function makeState() {
    const [role, list] = [await makeRole(), await makeList()];
    await makeKey({ allowListIds: [list.id], roleId: role.id, expireAfterHours: 1, expiresAt: NOW + 3_600_000 });
    const revoked = await makeKey();
    await makeOperator();
    await keys.revoke(ACCOUNT, revoked.id, true, ACTOR, NOW);
    const dryRuns = createDryRunRepository(db);
    const { id } = await makeKey();
    await dryRuns.attach(ACCOUNT, id, { roleId: VIEWER_ROLE, allowListIds: null }, ACTOR, NOW);
    // The accounts of these tests were not made by an operation.
    return (await unexplained()).filter((each) => !each.startsWith("accounts "));
  }

  it("explains what the operations have made", async () => {
    expect(await makeState()).toEqual([]);
  });

  const KEY = "WHERE restricted = 1";
  it.each([
    [
      "the hash of another key",
      `UPDATE api_keys SET hash = replace(hex(zeroblob(32)), '0', 'a') ${KEY}`,
      "value of hash",
    ],
    ["a revocation taken back", "UPDATE api_keys SET revoked_at = NULL", "value of revoked_at"],
    ["a later expiry", `UPDATE api_keys SET expires_at = expires_at + 1 ${KEY}`, "value of expires_at"],
    ["another role of a key", `UPDATE api_keys SET role_id = '${ADMIN_ROLE}' ${KEY}`, "value of role_id"],
    ["lists that do not restrict", `UPDATE api_keys SET restricted = 0 ${KEY}`, "value of restricted"],
    ["another account of a key", `UPDATE api_keys SET account_id = '${OTHER_ACCOUNT}' ${KEY}`, "value of account_id"],
    ["a list taken from a key", "DELETE FROM api_key_allow_lists", "value of lists"],
    ["wider rules", `UPDATE allow_lists SET rules = '["0.0.0.0/0"]'`, "value of rules"],
    ["a deleted list", "UPDATE allow_lists SET deleted_at = 1", "value of deleted_at"],
    [
      "permissions of a role",
      `UPDATE roles SET permissions = '[]' WHERE account_id IS NOT NULL`,
      "value of permissions",
    ],
    [
      "what a built-in role may manage",
      `UPDATE roles SET manages_keys = 1 WHERE id = '${VIEWER_ROLE}'`,
      "manages_keys",
    ],
    ["another person as an operator", "UPDATE operators SET email = 'eve@example.com'", "value of email"],
    ["another role of a dry run", `UPDATE api_key_trials SET role_id = '${ADMIN_ROLE}'`, "value of role_id"],
    [
      "a new operator",
      `INSERT INTO operators SELECT '${GONE}', account_id, 'eve@example.com', subject, issuer, name, role_id, 0, NULL,
        1, 1, 1, NULL, 'x', NULL FROM operators`.replaceAll(/\s+/g, " "),
      "no event explains this row",
    ],
    ["a removed dry run", "DELETE FROM api_key_trials", "the row is missing"],
  ])("finds %s", async (_, sql, finding) => {
    await makeState();
    await db.exec(sql);
    const found = (await unexplained()).filter((each) => !each.startsWith("accounts "));
    expect(found).toEqual([expect.stringContaining(finding)]);
  });

  it("explains nothing by an event that somebody else wrote", async () => {
    await makeState();
    await db.exec("UPDATE audit_events SET message = 'x' WHERE event_type = 'REVOKE'");
    await seal();
    expect(await unexplained()).toContainEqual(expect.stringContaining("value of revoked_at"));
  });

  it("finds that other terms were promoted than those that were attached", async () => {
    await makeState();
    await db.exec(`UPDATE api_key_trials SET role_id = '${ADMIN_ROLE}'`);
    const [dryRuns, keyId] = [
      createDryRunRepository(db),
      (await all<{ key_id: string }>("SELECT key_id FROM api_key_trials"))[0]?.key_id ?? "",
    ];
    const dryRun = await dryRuns.get(ACCOUNT, keyId);
    await dryRuns.promote({ accountId: ACCOUNT, keyId, dryRun: dryRun as never, force: true }, ACTOR, NOW);
    const replay = createReplay();
    for (const event of await all<StoredEvent>("SELECT * FROM audit_events ORDER BY seq")) replay.add(event);
    expect(replay.findings).toEqual([expect.stringContaining("other terms were promoted")]);
  });
});
