// Writes changed keys to KV. A key is pending from its change until its copy was written.
import type { KeyHash } from "../../core/access/principal.ts";
import { FIND_PENDING, FIND_PENDING_OF, primary, readOfRow } from "../key-cache/d1-records.ts";
import type { KeyCopies } from "../key-cache/ports.ts";
import { CorruptRecord } from "../key-cache/record-codec.ts";

// Only the version that was written is cleared: a change that was made meanwhile stays pending.
export const CLEAR_PENDING = `UPDATE api_keys SET kv_pending = NULL FROM json_each(?1) AS written
  WHERE api_keys.id = written.value ->> 0 AND api_keys.kv_pending <= written.value ->> 1`;

/**
 * Writes a batch of pending keys to KV.
 *
 * @param ids of these, those that are pending; left out: any
 * @returns how many keys were pending
 * @throws Error when a copy could not be written, after the others were written
 */
export async function syncKvCopies(db: D1Database, copies: KeyCopies, ids?: readonly string[]): Promise<number> {
  const session = primary(db);
  const query =
    ids === undefined ? session.prepare(FIND_PENDING) : session.prepare(FIND_PENDING_OF).bind(JSON.stringify(ids));
  const { results } = await query.all<Record<string, unknown>>();
  const written = await Promise.all(results.map((row) => writeCopy(copies, row)));
  // A row that cannot be read has no copy, and its older copy is already superseded in the change log. Its flag is cleared
  // too: a batch full of such rows would keep every other key pending.
  const done = results.filter((_, i) => written[i] === true || written[i] instanceof CorruptRecord);
  if (done.length > 0) {
    const versions = JSON.stringify(done.map(({ id, version }) => [id, version]));
    await db.prepare(CLEAR_PENDING).bind(versions).run();
  }
  const cause = written.find((result) => typeof result !== "boolean");
  if (cause !== undefined) throw new Error("a key could not be written to KV", { cause });
  return results.length;
}

/** Resolves to what `put` does, or to its error. */
async function writeCopy(copies: KeyCopies, row: Record<string, unknown>): Promise<unknown> {
  try {
    return await copies.put(row.hash as KeyHash, readOfRow(row).copy);
  } catch (error) {
    return error;
  }
}
