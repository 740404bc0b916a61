// The account of a run as it begins: an Admin key, roles and allow lists. Everything else is made by changes.
import type { Bound, Database } from "./database.ts";
import { ACCOUNT, type Key, PROJECT, signingKeyId } from "./keys.ts";
import type { Scene } from "./scene.ts";
import { NETWORK } from "./truth.ts";
import { EPOCH, type Random } from "./world.ts";

const ADMIN = "36ec6789-6dbf-4d12-91b4-243587d6882b";
const VIEWER = "95b23b27-b36b-4c2e-b7b6-4a94ed7676e4";
const CUSTOM_ROLES = 8;
const LISTS = 5;

const INSERT_ACCOUNT = "INSERT INTO accounts (id, name, created_at) VALUES (?, 'simulated', ?)";
const INSERT_ROLE = `INSERT INTO roles (id, account_id, display_name, name_key, permissions, created_at, updated_at)
  VALUES (?, ?, ?, ?, '["CLUSTER:READ","CLUSTER:CREATE"]', ?, ?)`;
const INSERT_LIST = `INSERT INTO allow_lists (id, account_id, project_id, name, name_key, rules, created_at)
  VALUES (?, ?, ?, ?, ?, ?, ?)`;
const INSERT_KEY = `INSERT INTO api_keys (id, account_id, hash, name, role_id, restricted, expire_after_hours, created_at,
  updated_at, issuer, signing_key_id) VALUES (?, ?, ?, 'root', ?, 0, 0, ?, ?, 'simulation', ?)`;

export function populate(database: Database, root: Key, random: Random): Pick<Scene, "roles" | "lists"> {
  const custom = Array.from({ length: CUSTOM_ROLES }, () => random.uuid());
  const lists = Array.from({ length: LISTS }, () => random.uuid());
  const rows: Bound[] = [
    { sql: INSERT_ACCOUNT, values: [ACCOUNT, EPOCH] },
    ...custom.map((id) => ({ sql: INSERT_ROLE, values: [id, ACCOUNT, `role ${id}`, `role ${id}`, EPOCH, EPOCH] })),
    ...lists.map((id) => ({
      sql: INSERT_LIST,
      values: [id, ACCOUNT, PROJECT, `list ${id}`, `list ${id}`, JSON.stringify([NETWORK]), EPOCH],
    })),
    { sql: INSERT_KEY, values: [root.id, ACCOUNT, root.hash, ADMIN, EPOCH, EPOCH, signingKeyId] },
  ];
  database.transact(rows);
  return { roles: [ADMIN, VIEWER, ...custom], lists };
}
