// The jobs of scheduled maintenance. Each is a conditional transaction or can be repeated, so concurrent runs and runs that
// stop half-way leave a correct state.
import { keyEvent } from "../api-keys/statements.ts";
import { makeChange, statement } from "../audit/audited-change.ts";
import { SYSTEM } from "../common.ts";
import type { KeyCopies } from "../key-cache/ports.ts";
import { syncKvCopies } from "./kv-sync.ts";
import type { Maintenance } from "./port.ts";

/** Expiries in one run; the next run takes the rest. */
const BATCH_SIZE = 100;

/**
 * Changes younger than this stay in the log, which is as long as KV keeps a copy. Only the cost depends on it: copies from
 * before the oldest line are never current (src/store/key-cache/change-log.ts).
 */
const CHANGE_RETENTION_MS = 25 * 3_600_000;

export const KEYS_TO_EXPIRE = `
  SELECT id AS keyId, account_id AS accountId, name, expires_at AS expiresAt FROM api_keys
   WHERE expires_at IS NOT NULL AND revoked_at IS NULL AND expiry_recorded_at IS NULL AND expires_at <= ?1
   ORDER BY expires_at LIMIT ${BATCH_SIZE}`;

// From the old end, up to the first line that stays: `at` comes from the clock of some isolate, and a line deleted from the
// middle would be a change that no isolate reads. The newest line stays, so that both ends of the log are always known.
export const PRUNE = `
  DELETE FROM key_changes WHERE seq < (
    SELECT seq FROM key_changes WHERE at >= ?1 OR seq = (SELECT max(seq) FROM key_changes) ORDER BY seq LIMIT 1)`;

/** The maintenance of one database and its copies in KV. */
export function createMaintenance(db: D1Database, copies: KeyCopies): Maintenance {
  return {
    syncKvCopies: (ids) => syncKvCopies(db, copies, ids),
    async recordExpiries(now) {
      const { results } = await db.prepare(KEYS_TO_EXPIRE).bind(now).all<ExpiredKey>();
      let recorded = 0;
      for (const key of results) if (await recordExpiry(db, key, now)) recorded += 1;
      return recorded;
    },
    async pruneChanges(now) {
      const oldest = now - CHANGE_RETENTION_MS;
      const { meta } = await db.prepare(PRUNE).bind(oldest).run();
      return meta.changes;
    },
  };
}

interface ExpiredKey {
  readonly keyId: string;
  readonly accountId: string;
  readonly name: string;
  readonly expiresAt: number;
}

async function recordExpiry(db: D1Database, key: ExpiredKey, now: number): Promise<boolean> {
  const { keyId, expiresAt } = key;
  const failed = await makeChange(db, {
    event: keyEvent("EXPIRE", key, "Expire API Key", { expires_at: new Date(expiresAt).toISOString() }),
    actor: SYSTEM,
    now,
    conditions: {
      recorded_or_revoked: {
        sql: "EXISTS (SELECT 1 FROM api_keys WHERE id = ? AND expiry_recorded_at IS NULL AND revoked_at IS NULL)",
        values: [keyId],
      },
    },
    statements: [statement("UPDATE api_keys SET expiry_recorded_at = ? WHERE id = ? AND $permitted", now, keyId)],
  });
  return failed === null;
}
