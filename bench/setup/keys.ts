// A database with the keys of a run. Their secrets are generated anew for every run.
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { newIdentityKeys, newKeyRing, parseKeyRing } from "../../scripts/secrets.ts";
import { ROOT } from "../../scripts/wrangler.ts";
import type { KeyHash } from "../../src/core/access/principal.ts";
import { type KeyOptions, ROLE_IDS, seedKey } from "../../test/support/seed.ts";
import { WORK } from "./build.ts";

export const ACCOUNT = "340af43a-8a7c-4659-9258-4876fd6a207b";
export const PROJECT = "78d4459c-0f45-47a5-899a-45ddf43eba6e";
export const CLUSTERS: string = `/api/public/v1/accounts/${ACCOUNT}/projects/${PROJECT}/clusters`;

/** The most rules of an allow list; a key with more of them has several lists. */
const LIST_SIZE = 100;
const ADD_LIST = `INSERT INTO allow_lists (id, account_id, project_id, name, rules, created_at) VALUES (?, ?, ?, ?, ?, 0)`;

export interface Store {
  readonly file: string;
  /** The secrets of a Gatehouse that knows these keys. */
  readonly secrets: { readonly KEY_RING: string; readonly IDENTITY_KEYS: string };
  /** Adds a key. @returns its token */
  key(options?: Omit<KeyOptions, "accountId">): Promise<string>;
  /** Adds so many rows of keys that no request uses. */
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
export async function createStore(name: string): Promise<Store> {
  const secrets = { KEY_RING: newKeyRing(new Date()), IDENTITY_KEYS: await newIdentityKeys() };
  const ring = parseKeyRing(secrets.KEY_RING);
  const file = join(WORK, `${name}.sqlite`);
  mkdirSync(WORK, { recursive: true });
  for (const ending of ["", "-wal", "-shm"]) rmSync(file + ending, { force: true });
  const database = migratedDatabase(file);
  database.exec("PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL");
  database.prepare("INSERT INTO accounts (id, name, created_at) VALUES (?, 'bench', 0)").run(ACCOUNT);
  database.exec("BEGIN");
  const run = (sql: string, values: unknown[]) => database.prepare(sql).run(...(values as SQLInputValue[]));
  const prepare = (sql: string) => ({ bind: (...values: unknown[]) => ({ run: async () => run(sql, values) }) });

  return {
    file,
    secrets,
    async key({ rules, ...options } = {}) {
      const owner = { accountId: ACCOUNT, projectId: PROJECT };
      const first = rules && { rules: rules.slice(0, LIST_SIZE) };
      const { id, token } = await seedKey({ prepare }, ring, { ...owner, ...options, ...first });
      for (let from = LIST_SIZE; from < (rules?.length ?? 0); from += LIST_SIZE) {
        const list = crypto.randomUUID();
        const text = JSON.stringify(rules?.slice(from, from + LIST_SIZE));
        run(ADD_LIST, [list, ACCOUNT, PROJECT, list, text]);
        run("INSERT INTO api_key_allow_lists (key_id, allow_list_id) VALUES (?, ?)", [id, list]);
      }
      return token;
    },
    fill: (count) => void addKeyRows(database, ACCOUNT, ROLE_IDS.Admin, count),
    close() {
      database.exec("COMMIT");
      database.close();
    },
  };
}

/** The id of such a key. */
export function idOf(hash: KeyHash): string {
  return hash.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5");
}

/** Adds keys without allow lists and without tokens to an account. @returns their hashes, which are random */
export function addKeyRows(database: DatabaseSync, accountId: string, roleId: string, count: number): KeyHash[] {
  const add = database.prepare(`INSERT INTO api_keys (id, account_id, hash, name, role_id, restricted,
    expire_after_hours, created_at, updated_at, issuer, signing_key_id)
    VALUES (?, ?, ?, 'bench', ?, 0, 0, 0, 0, 'bench', 'bench')`);
  return Array.from({ length: count }, () => {
    const hash = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex") as KeyHash;
    add.run(idOf(hash), accountId, hash, roleId);
    return hash;
  });
}
