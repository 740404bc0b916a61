// What is in storage before the first call: the customer's keys in D1, and a copy of each in KV.
import type { KeyHash } from "../../src/core/access/principal.ts";
import { DEVELOPER } from "../../src/core/access/roles.ts";
import { createD1Records } from "../../src/store/key-cache/d1-records.ts";
import { copyName } from "../../src/store/key-cache/kv-copies.ts";
import { ACCOUNT } from "./isolate.ts";
import type { Storage } from "./storage.ts";

const DAY_MS = 86_400_000;

/** Makes keys without allow lists; returns their hashes. */
export function makeKeys({ raw }: Storage, count: number): readonly KeyHash[] {
  raw.prepare("INSERT INTO accounts (id, name, created_at) VALUES (?, 'cost', 0)").run(ACCOUNT);
  const add = raw.prepare(`INSERT INTO api_keys (id, account_id, hash, name, role_id, restricted, expire_after_hours,
    created_at, updated_at, issuer) VALUES (?, '${ACCOUNT}', ?, 'cost', '${DEVELOPER.id}', 0, 0, 0, 0, 'cost')`);
  raw.exec("BEGIN");
  const hashes = Array.from({ length: count }, () => {
    const hash = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex") as KeyHash;
    add.run(crypto.randomUUID(), hash);
    return hash;
  });
  raw.exec("COMMIT");
  return hashes;
}

/** Puts a copy of every key into KV, as old as chance wills: in every hour a twenty-fourth of them goes away. */
export async function warmKv(
  { db, copies }: Storage,
  hashes: readonly KeyHash[],
  now: number,
  random: () => number,
): Promise<void> {
  const truth = createD1Records(db);
  for (const hash of hashes) {
    const reading = await truth.readByHash(hash);
    copies.set(copyName(hash), { text: JSON.stringify(reading?.copy), endsAt: now + random() * DAY_MS });
  }
}
