// Writes changed keys to KV. A key is pending from its change until its copy was written.
import type { KeyHash } from "../../core/access/principal.ts";
import { FIND_PENDING, primary, readOfRow } from "../key-cache/d1-records.ts";
import type { KeyCopies } from "../key-cache/ports.ts";
import { CorruptRecord } from "../key-cache/record-codec.ts";

// Only the version that was written is cleared: a change that was made meanwhile stays pending.
export const CLEAR_PENDING = "UPDATE api_keys SET kv_pending = NULL WHERE id = ?1 AND kv_pending <= ?2";

/**
 * Writes a batch of pending keys to KV.
 *
 * @returns how many keys were pending
 * @throws Error when a copy could not be written, after the others were written
 */
export async function syncKvCopies(db: D1Database, copies: KeyCopies): Promise<number> {
  const { results } = await primary(db).prepare(FIND_PENDING).all<Record<string, unknown>>();
  const errors = await Promise.all(results.map((row) => writeCopy(copies, row)));
  // A row that cannot be read has no copy, and its older copy is already superseded in the change log. Its flag is cleared
  // too: a batch full of such rows would keep every other key pending.
  const done = results.filter((_, i) => errors[i] === null || errors[i] instanceof CorruptRecord);
  if (done.length > 0) await db.batch(done.map(({ id, version }) => db.prepare(CLEAR_PENDING).bind(id, version)));
  const cause = errors.find((error) => error !== null);
  if (cause !== undefined) throw new Error("a key could not be written to KV", { cause });
  return results.length;
}

/** Resolves to the error, or to `null`. */
async function writeCopy(copies: KeyCopies, row: Record<string, unknown>): Promise<unknown> {
  try {
    await copies.put(row.hash as KeyHash, readOfRow(row).copy);
    return null;
  } catch (error) {
    return error;
  }
}
