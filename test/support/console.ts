// A Gatehouse for console tests: an upstream with one project, and any number of keys.
import { randomBytes, randomUUID } from "node:crypto";
import { ACCOUNT, type Gatehouse, PROJECT, startGatehouse } from "./gatehouse.ts";
import { ROLE_IDS, type SeededKey } from "./seed.ts";

export interface ConsoleWorld {
  readonly gatehouse: Gatehouse;
  readonly admin: SeededKey;
  close(): Promise<void>;
}

/** @param vars added to those of wrangler.toml */
export async function startConsoleWorld(vars: Readonly<Record<string, string>> = {}): Promise<ConsoleWorld> {
  const gatehouse = await startGatehouse(vars);
  gatehouse.upstream.answer((request, response) => {
    const known = request.url === "/api/public/v1/account";
    response.writeHead(known ? 200 : 404, { "content-type": "application/json" });
    const info = { id: ACCOUNT, projects: [{ id: PROJECT, name: "default", info: { id: PROJECT } }] };
    response.end(JSON.stringify(known ? { data: { info } } : { error: { status: 404, detail: "Not found" } }));
  });
  const admin = await gatehouse.key({ name: "console-admin" });
  return { gatehouse, admin, close: () => gatehouse.close() };
}

/** A key as a row of the database; its secret is unknown. */
export interface StoredKey {
  readonly name: string;
  readonly description?: string;
  readonly role?: keyof typeof ROLE_IDS;
  readonly issuer?: string;
  readonly createdAt: number;
  readonly expiresAt?: number | null;
  readonly lastUsedAt?: number | null;
  readonly lastUsedFrom?: string | null;
  readonly uses?: number;
  readonly revokedAt?: number | null;
}

const BATCH = 1_000;

/** Inserts keys into the database. @returns their ids, in order */
export async function putKeys(gatehouse: Gatehouse, keys: readonly StoredKey[]): Promise<readonly string[]> {
  const rows = keys.map((key) => ({
    ...{ id: randomUUID(), hash: randomBytes(32).toString("hex"), description: "", issuer: "console-admin", uses: 0 },
    ...{
      expiresAt: null,
      lastUsedAt: null,
      lastUsedFrom: null,
      revokedAt: null,
      ...key,
      role: ROLE_IDS[key.role ?? "Developer"],
    },
  }));
  for (let from = 0; from < rows.length; from += BATCH) {
    await gatehouse.env.DB.prepare(
      `INSERT INTO api_keys (id, account_id, hash, name, description, role_id, restricted, expire_after_hours, expires_at,
         created_at, updated_at, issuer, last_used_at, last_used_address, usage_count, revoked_at, revoked_by_name)
       SELECT value ->> 'id', ?1, value ->> 'hash', value ->> 'name', value ->> 'description', value ->> 'role', 0, 0,
         value ->> 'expiresAt', value ->> 'createdAt', value ->> 'createdAt', value ->> 'issuer', value ->> 'lastUsedAt',
         value ->> 'lastUsedFrom', value ->> 'uses', value ->> 'revokedAt', iif(value ->> 'revokedAt' IS NULL, NULL, 'console-admin')
       FROM json_each(?2)`,
    )
      .bind(ACCOUNT, JSON.stringify(rows.slice(from, from + BATCH)))
      .run();
  }
  return rows.map((row) => row.id);
}
