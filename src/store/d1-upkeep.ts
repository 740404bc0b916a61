// What the scheduled handler does. Every step is a guarded transaction or can simply be done again, so two runs at the
// same time, or a run that dies half-way, leave nothing wrong.
import type { KeyHash } from "../core/key.ts";
import { auditStatement, PERMITTED, wasPermitted } from "./audit.ts";
import { FIND_BY_ID, primary, readingOf } from "./d1-keys.ts";
import type { Actor, Upkeep, WarmKeys } from "./ports.ts";

/** Of each kind, in one run: the next minute takes the rest. */
const AT_ONCE = 100;

/**
 * Changes younger than this stay in the log. An isolate or a copy that has missed more than the log still tells is not
 * believed (src/store/feed.ts), so this is a matter of cost, not of safety: copies in KV live as long.
 */
const CHANGES_LIVE_MS = 25 * 3_600_000;

export const KEYS_PENDING = `SELECT id, kv_pending AS version FROM api_keys WHERE kv_pending IS NOT NULL LIMIT ${AT_ONCE}`;
export const KEYS_TO_EXPIRE = `
  SELECT id, account_id AS accountId, name, expires_at AS expiresAt FROM api_keys
   WHERE expires_at IS NOT NULL AND revoked_at IS NULL AND expiry_recorded_at IS NULL AND expires_at <= ?1
   ORDER BY expires_at LIMIT ${AT_ONCE}`;

const SYSTEM: Actor = { type: "SYSTEM", id: null, name: "gatehouse", address: null, requestId: null };

/** The upkeep of one database and its warm copy. */
export function createD1Upkeep(db: D1Database, warm: WarmKeys, newId: () => string): Upkeep {
  async function tellKv(id: string, version: number): Promise<void> {
    const row = await primary(db).prepare(FIND_BY_ID).bind(id).first<Record<string, unknown>>();
    if (row === null) return;
    await warm.put(row.hash as KeyHash, readingOf(row).copy);
    // Only the version that was put is ticked off: a change that came in between stays pending.
    await db
      .prepare("UPDATE api_keys SET kv_pending = NULL WHERE id = ?1 AND kv_pending <= ?2")
      .bind(id, Math.max(version, Number(row.version)))
      .run();
  }

  async function recordExpiry(key: Expired, now: number): Promise<boolean> {
    const eventId = newId();
    const event = {
      id: eventId,
      accountId: key.accountId,
      eventType: "EXPIRE",
      resourceType: "API_KEY" as const,
      resourceId: key.id,
      resourceName: key.name,
      message: "Expire API Key",
      detail: { expires_at: new Date(key.expiresAt).toISOString() },
    };
    const stillOpen = {
      sql: "EXISTS (SELECT 1 FROM api_keys WHERE id = ? AND expiry_recorded_at IS NULL AND revoked_at IS NULL)",
      values: [key.id],
    };
    const results = await db.batch([
      auditStatement(db, event, SYSTEM, now, stillOpen),
      db.prepare(`UPDATE api_keys SET expiry_recorded_at = ? WHERE id = ? AND ${PERMITTED}`).bind(now, key.id, eventId),
    ]);
    return wasPermitted(results);
  }

  return {
    async repairWarmCopy() {
      const { results } = await db.prepare(KEYS_PENDING).all<{ id: string; version: number }>();
      const told = await Promise.allSettled(results.map(({ id, version }) => tellKv(id, version)));
      return told.filter((each) => each.status === "fulfilled").length;
    },
    async recordExpiries(now) {
      const { results } = await db.prepare(KEYS_TO_EXPIRE).bind(now).all<Expired>();
      let recorded = 0;
      for (const key of results) if (await recordExpiry(key, now)) recorded += 1;
      return recorded;
    },
    async pruneChanges(now) {
      // The newest row stays, so that the log's ends are always known.
      const pruned = await db
        .prepare("DELETE FROM key_changes WHERE seq < (SELECT max(seq) FROM key_changes) AND at < ?1")
        .bind(now - CHANGES_LIVE_MS)
        .run();
      return pruned.meta.changes;
    },
  };
}

interface Expired {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly expiresAt: number;
}
