// The first account: made once, whichever isolate is asked, and all of it or nothing.
import { reset } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { KeyHash } from "../../../src/core/access/principal.ts";
import type { NewAccount } from "../../../src/store/accounts/port.ts";
import { createFirstAccount } from "../../../src/store/accounts/repository.ts";
import { db, makeAccounts, NOW, RING } from "../builders.ts";

function newAccount(changes: Partial<NewAccount> = {}): NewAccount {
  return {
    id: crypto.randomUUID(),
    name: "Müller AG",
    keyId: crypto.randomUUID(),
    keyName: "bootstrap",
    signingKeyId: "k1",
    keyHash: crypto.randomUUID().replaceAll("-", "").repeat(2) as KeyHash,
    now: NOW,
    address: "192.0.2.1",
    requestId: "req-1",
    ...changes,
  };
}

async function countOf(table: string): Promise<number | undefined> {
  return (await db.prepare(`SELECT count(*) AS n FROM ${table}`).first<{ n: number }>())?.n;
}

const counts = async () => [await countOf("accounts"), await countOf("api_keys"), await countOf("audit_events")];

describe("createFirstAccount", () => {
  it("makes the account with an Admin key and an audit event", async () => {
    const accounts = createFirstAccount(db, RING);
    expect(await accounts.state()).toBe("account_missing");
    const account = newAccount();
    expect(await accounts.create(account)).toBe(true);
    expect(await accounts.state()).toBe("account_exists");
    const rows = await db
      .prepare(
        `SELECT accounts.name, api_keys.id AS key_id, api_keys.hash, roles.display_name AS role, resource_id, address, request_id
       FROM accounts JOIN api_keys ON api_keys.account_id = accounts.id JOIN roles ON roles.id = role_id
       JOIN audit_events ON audit_events.account_id = accounts.id`,
      )
      .all();
    const { name, keyId, keyHash, address } = account;
    const ids = { key_id: keyId, resource_id: keyId, request_id: "req-1" };
    expect(rows.results).toEqual([{ name, hash: keyHash, role: "Admin", address, ...ids }]);
  });

  it("makes one account when two isolates that have seen none are asked", async () => {
    const isolates = [createFirstAccount(db, RING), createFirstAccount(db, RING)];
    for (const isolate of isolates) expect(await isolate.state()).toBe("account_missing");
    const made = await Promise.all(isolates.map((isolate) => isolate.create(newAccount())));
    expect(made.toSorted()).toEqual([false, true]);
    expect(await counts()).toEqual([1, 1, 1]);
  });

  it("makes nothing beside an account that exists", async () => {
    await makeAccounts();
    expect(await createFirstAccount(db, RING).create(newAccount())).toBe(false);
    expect(await counts()).toEqual([2, 0, 0]);
  });

  it("makes no account when its key cannot be stored", async () => {
    await expect(createFirstAccount(db, RING).create(newAccount({ keyHash: "short" as KeyHash }))).rejects.toThrow();
    expect(await counts()).toEqual([0, 0, 0]);
  });

  it("reads D1 until there is an account, and not again", async () => {
    await makeAccounts();
    let reads = 0;
    const counted = new Proxy(db, {
      get(target, name) {
        if (name === "prepare") reads += 1;
        const value = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const accounts = createFirstAccount(counted, RING);
    for (let i = 0; i < 3; i++) expect(await accounts.state()).toBe("account_exists");
    expect(reads).toBe(2);
  });

  it("tells a database without tables from one without an account", async () => {
    await reset();
    expect(await createFirstAccount(db, RING).state()).toBe("tables_missing");
  });
});
