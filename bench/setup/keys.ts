// A database with the keys that a run calls with. Their secrets are made anew for every run.
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { newIdentityKeys, newKeyRing } from "../../scripts/secrets.ts";
import { type KeyRing, mintKey, readKeyRing } from "../../src/core/token/api-key-token.ts";
import { ROLE_IDS } from "../../test/support/seed.ts";
import { ROOT, WORK } from "./work.ts";

export const ACCOUNT = "340af43a-8a7c-4659-9258-4876fd6a207b";
export const PROJECT = "78d4459c-0f45-47a5-899a-45ddf43eba6e";
export const CLUSTERS: string = `/api/public/v1/accounts/${ACCOUNT}/projects/${PROJECT}/clusters`;

export interface Secrets {
  readonly KEY_RING: string;
  readonly IDENTITY_KEYS: string;
  readonly ring: KeyRing;
}

export async function newSecrets(): Promise<Secrets> {
  const KEY_RING = newKeyRing(new Date());
  const read = readKeyRing(KEY_RING);
  if ("errors" in read) throw new Error(read.errors.join("; "));
  return { KEY_RING, IDENTITY_KEYS: await newIdentityKeys(), ring: read.ring };
}

export interface KeySpec {
  readonly role?: keyof typeof ROLE_IDS;
  readonly expiresAt?: number;
  readonly revokedAt?: number;
  /** Lists of rules; a list holds a hundred at most. */
  readonly lists?: readonly (readonly string[])[];
}

export interface Store {
  readonly file: string;
  key(spec?: KeySpec): Promise<string>;
  /** Rows of keys that nobody calls with. */
  fill(count: number): void;
  close(): void;
}

/** An empty system of record in a file of its own. */
export function createStore(name: string, ring: KeyRing): Store {
  const file = join(WORK, `${name}.sqlite`);
  mkdirSync(WORK, { recursive: true });
  for (const ending of ["", "-wal", "-shm"]) rmSync(file + ending, { force: true });
  const database = new DatabaseSync(file);
  database.exec("PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL");
  const migrations = join(ROOT, "migrations");
  for (const migration of readdirSync(migrations).sort()) {
    database.exec(readFileSync(join(migrations, migration), "utf8"));
  }
  database.prepare("INSERT INTO accounts (id, name, created_at) VALUES (?, 'bench', 0)").run(ACCOUNT);
  const addKey = database.prepare(`INSERT INTO api_keys (id, account_id, hash, name, role_id, restricted,
    expire_after_hours, expires_at, created_at, updated_at, issuer, revoked_at)
    VALUES (?1, '${ACCOUNT}', ?2, 'bench', ?3, ?4, 0, ?5, 0, 0, 'bench', ?6)`);
  const addList = database.prepare(`INSERT INTO allow_lists (id, account_id, project_id, name, rules, created_at)
    VALUES (?1, '${ACCOUNT}', '${PROJECT}', ?1 || '', ?2, 0)`);
  const bind = database.prepare("INSERT INTO api_key_allow_lists (key_id, allow_list_id) VALUES (?, ?)");
  database.exec("BEGIN");

  return {
    file,
    async key({ role = "Admin", expiresAt, revokedAt, lists = [] } = {}) {
      const id = crypto.randomUUID();
      const claims = { keyId: id, accountId: ACCOUNT, expiresAt: expiresAt ?? null, now: Date.now() };
      const { token, hash } = await mintKey(ring, claims);
      const restricted = lists.length > 0 ? 1 : 0;
      addKey.run(id, hash, ROLE_IDS[role], restricted, expiresAt ?? null, revokedAt ?? null);
      for (const rules of lists) {
        const list = crypto.randomUUID();
        addList.run(list, JSON.stringify(rules));
        bind.run(id, list);
      }
      return token;
    },
    fill(count) {
      const random = Buffer.alloc(32);
      for (let i = 0; i < count; i++) {
        const hash = Buffer.from(crypto.getRandomValues(random)).toString("hex");
        addKey.run(crypto.randomUUID(), hash, ROLE_IDS.Admin, 0, null, null);
      }
    },
    close() {
      database.exec("COMMIT");
      database.close();
    },
  };
}
