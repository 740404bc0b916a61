// D1 as the truth of every call: one statement finds a key with all that a verdict weighs. Always on the primary.
import type { KeyHash, KeyRecord } from "../../core/access/principal.ts";
import type { ChangeFeed, Changes, KeyCopy, KeyRecordSource, KeyRecords, PrimaryRead } from "./ports.ts";
import { decodeRecord } from "./record-codec.ts";

// The record and the log's head come out of one statement, so `asOf` is exactly the state that was read.
const RECORD = `
  SELECT k.id, k.account_id AS accountId, k.name, k.version, k.restricted,
         k.expires_at AS expiresAt, k.revoked_at AS revokedAt,
         r.id AS roleId, r.display_name AS roleName, r.permissions,
         (SELECT json_group_array(json(l.rules))
            FROM api_key_allow_lists b JOIN allow_lists l ON l.id = b.allow_list_id
           WHERE b.key_id = k.id AND l.deleted_at IS NULL) AS rules,
         (SELECT json_object('id', t.id, 'roleId', t.role_id, 'roleName', x.display_name, 'permissions', x.permissions,
                   'restricted', t.restricted, 'rules', json((SELECT json_group_array(json(l.rules))
                      FROM api_key_trial_lists b JOIN allow_lists l ON l.id = b.allow_list_id
                     WHERE b.key_id = t.key_id AND l.deleted_at IS NULL)))
            FROM api_key_trials t LEFT JOIN roles x ON x.id = t.role_id WHERE t.key_id = k.id) AS trial,
         (SELECT max(seq) FROM key_changes) AS asOf
    FROM api_keys k JOIN roles r ON r.id = k.role_id`;

/** The statement that finds a key for a call; exported so that a test can show its query plan. */
export const FIND_BY_HASH = `${RECORD} WHERE k.hash = ?1`;

/** Finds a record by the key's id: for explanations, never for a call. */
const FIND_BY_ID = `${RECORD} WHERE k.id = ?1`;

/** The most keys that KV is told of in one go. */
export const PENDING_BATCH_SIZE = 100;

/** The rows that KV has to be told of: copies are made from the row and never from memory. */
export const FIND_PENDING = `
${RECORD.replace("SELECT k.id,", "SELECT k.hash, k.id,")} WHERE k.kv_pending IS NOT NULL LIMIT ${PENDING_BATCH_SIZE}`;

/** The most changes that one read tells: of more, the newest, and readings from before those are not believed. */
export const MAX_CHANGES = 1_000;

/** One row, whatever happened: the log's two ends, and the newest of what came after a place in it. */
export const READ_CHANGES = `
  SELECT (SELECT min(seq) FROM key_changes) AS floor,
         (SELECT max(seq) FROM key_changes) AS head,
         (SELECT json_group_array(json_array(seq, key_id, version))
            FROM (SELECT seq, key_id, version FROM key_changes WHERE seq > ?1 ORDER BY seq DESC LIMIT ${MAX_CHANGES})
         ) AS changes`;

/**
 * The system of record on a D1 database.
 *
 * @returns a port whose reads go to the primary: a replica could still show a key that has been revoked
 */
export function createD1Records(db: D1Database): KeyRecordSource & ChangeFeed & KeyRecords {
  return {
    async readById(id: string): Promise<KeyRecord | null> {
      const row = await primary(db).prepare(FIND_BY_ID).bind(id).first<Record<string, unknown>>();
      return row === null ? null : readingOf(row).record;
    },
    async readByHash(hash: KeyHash): Promise<PrimaryRead | null> {
      const row = await primary(db).prepare(FIND_BY_HASH).bind(hash).first<Record<string, unknown>>();
      return row === null ? null : readingOf(row);
    },
    async since(seq: number): Promise<Changes> {
      const row = await primary(db).prepare(READ_CHANGES).bind(seq).first<Record<string, unknown>>();
      return changesOf(row);
    },
  };
}

/** A session that reads what has been committed: https://developers.cloudflare.com/d1/best-practices/read-replication/ */
export function primary(db: D1Database): D1DatabaseSession {
  return db.withSession("first-primary");
}

/**
 * A row of `FIND_BY_HASH` or `FIND_PENDING` as a reading.
 *
 * @throws CorruptRecord
 */
export function readingOf(row: Record<string, unknown>): PrimaryRead {
  const { hash: _, ...copy } = row;
  // Compiled first: what cannot be read is never copied.
  return { record: decodeRecord(copy), asOf: placeOf(copy.asOf), copy: copy as unknown as KeyCopy };
}

function changesOf(row: Record<string, unknown> | null): Changes {
  const listed: unknown = JSON.parse(String(row?.changes));
  if (!Array.isArray(listed)) throw new Error("the change log cannot be read");
  const changes = listed.map(changeOf);
  const oldestSeq = placeOf(row?.floor);
  // A full list may have been cut: nothing before its oldest line is told.
  const told = changes.length < MAX_CHANGES ? oldestSeq : Math.min(...changes.map(({ seq }) => seq));
  return { oldestSeq: told, newestSeq: placeOf(row?.head), changes };
}

function changeOf(entry: unknown): Changes["changes"][number] {
  const [seq, keyId, version] = Array.isArray(entry) ? entry : [];
  if (keyId !== null && typeof keyId !== "string") throw new Error("a change names no key");
  return { seq: placeOf(seq), keyId, version: placeOf(version) };
}

// The log is never empty (0001_keys.sql), so a missing place means a damaged database, not a new one.
function placeOf(value: unknown): number {
  if (!Number.isSafeInteger(value)) throw new Error("the change log has no place to read from");
  return value as number;
}
