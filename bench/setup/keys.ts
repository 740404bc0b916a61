// A database with the keys of a run. Their secrets are generated anew for every run.
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { newIdentityKeys, newKeyRing } from "../../scripts/secrets.ts";
import { type KeyRing, mintKey, readKeyRing } from "../../src/core/token/api-key-token.ts";
import { ROLE_IDS } from "../../test/support/seed.ts";
import { ROOT, WORK } from "./build.ts";

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
  if ("faults" in read) throw new Error(read.faults.join("; "));
  return { KEY_RING, IDENTITY_KEYS: await newIdentityKeys(), ring: read.ring };
}

export interface KeySpec {
  readonly role?: keyof typeof ROLE_IDS;
  /** Milliseconds since the epoch. */
  readonly expiresAt?: number;
  readonly revokedAt?: number;
  /** Allow lists of CIDR rules; a list holds a hundred at most. */
  readonly lists?: readonly (readonly string[])[];
}

export interface Store {
  readonly file: string;
  /** Adds a key. @returns its token */
  key(spec?: KeySpec): Promise<string>;
  /** Adds rows of keys that no request uses. */
  fill(count: number): void;
  close(): void;
}

/** A database with the real migrations. @param file a path, or ":memory:" */
export function migratedDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  const migrations = join(ROOT, "migrations");
  for (const name of readdirSync(migrations).sort()) database.exec(readFileSync(join(migrations, name), "utf8"));
  return database;
}

/** An empty system of record in a file of its own. */
export function createStore(name: string, ring: KeyRing): Store {
  const file = join(WORK, `${name}.sqlite`);
  mkdirSync(WORK, { recursive: true });
  for (const ending of ["", "-wal", "-shm"]) rmSync(file + ending, { force: true });
  const database = migratedDatabase(file);
  database.exec("PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL");
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
      addKey.run(id, hash, ROLE_IDS[role], lists.length > 0 ? 1 : 0, expiresAt ?? null, revokedAt ?? null);
      for (const rules of lists) {
        const list = crypto.randomUUID();
        addList.run(list, JSON.stringify(rules));
        bind.run(id, list);
      }
      return token;
    },
    fill(count) {
      for (let i = 0; i < count; i++) addKey.run(crypto.randomUUID(), randomHash(), ROLE_IDS.Admin, 0, null, null);
    },
    close() {
      database.exec("COMMIT");
      database.close();
    },
  };
}

/** 32 random bytes in hexadecimal: the hash of a key that has no token. */
export function randomHash(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex");
}
