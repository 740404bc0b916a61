// Inserts accounts and keys into a real D1 as the admin API would, also with times and states that the admin API rejects.
import { type KeyRing, mintKey } from "../../src/core/token/api-key-token.ts";

/** The part of a D1 database that seeding needs: the binding in workerd, or the harness's proxy in Node. */
export interface Database {
  prepare(sql: string): { bind(...values: unknown[]): { run(): Promise<unknown> } };
}

export const ROLE_IDS = {
  Admin: "36ec6789-6dbf-4d12-91b4-243587d6882b",
  Developer: "cb6edae1-f2c7-4540-a870-521754e8a000",
  Viewer: "95b23b27-b36b-4c2e-b7b6-4a94ed7676e4",
} as const;

export interface SeededKey {
  readonly id: string;
  readonly token: string;
  readonly hash: string;
}

/** Inserts an account. */
export async function seedAccount(db: Database, id: string, name = "Test account"): Promise<void> {
  await db.prepare("INSERT INTO accounts (id, name, created_at) VALUES (?, ?, ?)").bind(id, name, 0).run();
}

export interface KeyOptions {
  readonly id?: string;
  readonly accountId: string;
  readonly role?: keyof typeof ROLE_IDS;
  readonly roleId?: string;
  readonly name?: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt?: number | null;
  readonly revokedAt?: number | null;
  readonly disabledAt?: number | null;
  readonly canary?: boolean;
  /** Rules of one allow list for this key; `[]`: a restricted key without lists. */
  readonly rules?: readonly string[];
  readonly projectId?: string;
}

/** Inserts a key, revoked, disabled or expired if the options say so. */
export async function seedKey(db: Database, ring: KeyRing, options: KeyOptions): Promise<SeededKey> {
  const { id = crypto.randomUUID(), accountId, expiresAt = null, revokedAt = null } = options;
  const now = Date.now();
  const { token, hash, signingKeyId } = await mintKey(ring, { keyId: id, accountId, expiresAt, now });
  const roleId = options.roleId ?? ROLE_IDS[options.role ?? "Admin"];
  await db
    .prepare(
      `INSERT INTO api_keys (id, account_id, hash, name, role_id, restricted, expire_after_hours, expires_at,
         created_at, updated_at, issuer, revoked_at, disabled_at, canary, signing_key_id) VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, 'test', ?, ?, ?, ?)`,
    )
    .bind(
      id,
      accountId,
      hash,
      options.name ?? "test-key",
      roleId,
      options.rules ? 1 : 0,
      expiresAt,
      now,
      now,
      revokedAt,
      options.disabledAt ?? (options.canary ? now : null),
      options.canary ? 1 : 0,
      signingKeyId,
    )
    .run();
  if (options.rules !== undefined && options.rules.length > 0) {
    await bindAllowList(db, id, accountId, options.projectId ?? crypto.randomUUID(), options.rules);
  }
  return { id, token, hash };
}

async function bindAllowList(
  db: Database,
  keyId: string,
  accountId: string,
  projectId: string,
  rules: readonly string[],
): Promise<void> {
  const listId = crypto.randomUUID();
  await db
    .prepare("INSERT INTO allow_lists (id, account_id, project_id, name, rules, created_at) VALUES (?, ?, ?, ?, ?, ?)")
    .bind(listId, accountId, projectId, `list-${listId.slice(0, 8)}`, JSON.stringify(rules), Date.now())
    .run();
  await db.prepare("INSERT INTO api_key_allow_lists (key_id, allow_list_id) VALUES (?, ?)").bind(keyId, listId).run();
}
