// What the scheduled handler does. Every step is a guarded transaction or can simply be done again, so two runs at the
// same time, or a run that dies half-way, leave nothing wrong.
import type { KeyHash } from "../../core/access/principal.ts";
import { auditStatement, EVENT_EXISTS, wasApplied } from "../audit/audited-change.ts";
import type { Actor } from "../common.ts";
import { FIND_PENDING, primary, readingOf } from "../key-cache/d1-records.ts";
import type { KeyCopies } from "../key-cache/ports.ts";
import { CorruptRecord } from "../key-cache/record-codec.ts";
import type { Maintenance } from "./port.ts";

/** Expiries in one run: the next minute takes the rest. */
const BATCH_SIZE = 100;

/**
 * Changes younger than this stay in the log. An isolate or a copy that has missed more than the log still tells is not
 * believed (src/store/key-cache/change-feed.ts), so this is a matter of cost, not of safety: copies in KV live as long.
 */
const CHANGES_LIVE_MS = 25 * 3_600_000;

// Only the version that was put is ticked off: a change that came in between stays pending.
export const CLEAR_PENDING = "UPDATE api_keys SET kv_pending = NULL WHERE id = ?1 AND kv_pending <= ?2";
export const KEYS_TO_EXPIRE = `
  SELECT id, account_id AS accountId, name, expires_at AS expiresAt FROM api_keys
   WHERE expires_at IS NOT NULL AND revoked_at IS NULL AND expiry_recorded_at IS NULL AND expires_at <= ?1
   ORDER BY expires_at LIMIT ${BATCH_SIZE}`;

// From its old end alone, up to the first line that has to stay: `at` is some isolate's clock, and a line pruned from
// the middle would be a change that nobody is told of. The newest line stays, so that the log's ends are always known.
export const PRUNE = `
  DELETE FROM key_changes WHERE seq < (
    SELECT seq FROM key_changes WHERE at >= ?1 OR seq = (SELECT max(seq) FROM key_changes) ORDER BY seq LIMIT 1)`;

const SYSTEM: Actor = { type: "SYSTEM", id: null, name: "gatehouse", address: null, requestId: null };

/** The upkeep of one database and its warm copy. */
export function createMaintenance(db: D1Database, copies: KeyCopies, newId: () => string): Maintenance {
  /** Puts a row's copy; resolves to what went wrong, or `null`. */
  async function tellKv(row: Record<string, unknown>): Promise<unknown> {
    try {
      await copies.put(row.hash as KeyHash, readingOf(row).copy);
      return null;
    } catch (error) {
      return error;
    }
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
      db
        .prepare(`UPDATE api_keys SET expiry_recorded_at = ? WHERE id = ? AND ${EVENT_EXISTS}`)
        .bind(now, key.id, eventId),
    ]);
    return wasApplied(results);
  }

  return {
    async syncKvCopies() {
      const { results } = await primary(db).prepare(FIND_PENDING).all<Record<string, unknown>>();
      const faults = await Promise.all(results.map(tellKv));
      // A row that cannot be read has no copy, and its older one is spoken against by the log. It is ticked off as well,
      // or a hundred of them would keep every other key from its turn.
      const done = results.filter((_, i) => faults[i] === null || faults[i] instanceof CorruptRecord);
      if (done.length > 0) await db.batch(done.map(({ id, version }) => db.prepare(CLEAR_PENDING).bind(id, version)));
      const fault = faults.find((each) => each !== null);
      if (fault !== undefined) throw new Error("KV could not be told of every key", { cause: fault });
      return results.length;
    },
    async recordExpiries(now) {
      const { results } = await db.prepare(KEYS_TO_EXPIRE).bind(now).all<Expired>();
      let recorded = 0;
      for (const key of results) if (await recordExpiry(key, now)) recorded += 1;
      return recorded;
    },
    async pruneChanges(now) {
      const pruned = await db
        .prepare(PRUNE)
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
