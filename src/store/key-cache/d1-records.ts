// D1 as the system of record: one statement reads a key with everything that a decision needs. Always on the primary.
import type { KeyHash, KeyRecord } from "../../core/access/principal.ts";
import type { ChangeFeed, Changes, KeyCopy, KeyRecordSource, KeyRecords, PrimaryRead } from "./ports.ts";
import { decodeRecord } from "./record-codec.ts";

// The record and the end of the change log come from one statement, so `asOf` is exactly the state that was read.
const RECORD = `
  SELECT k.id, k.account_id AS accountId, k.name, k.version, k.restricted,
         k.expires_at AS expiresAt, k.revoked_at AS revokedAt, k.disabled_at AS disabledAt, k.canary,
         k.signing_key_id IS NULL AS lacksSigningKeyId,
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

/** Reads a key for a request. */
export const FIND_BY_HASH = `${RECORD} WHERE k.hash = ?1`;

/** Reads many keys for requests. */
export const FIND_BY_HASHES = `
${RECORD.replace("SELECT k.id,", "SELECT k.hash, k.id,")} WHERE k.hash IN (SELECT value FROM json_each(?1))`;

/** Reads a key for an explanation. */
const FIND_BY_ID = `${RECORD} WHERE k.id = ?1`;

/** Keys from before migration 0005: only the key itself says which secret has signed it. */
const ADD_SIGNING_KEY_ID = "UPDATE api_keys SET signing_key_id = ? WHERE id = ? AND signing_key_id IS NULL";

/** Keys that are written to KV in one run. */
export const PENDING_BATCH_SIZE = 100;

const PENDING = `
${RECORD.replace("SELECT k.id,", "SELECT k.hash, k.id,")} WHERE k.kv_pending IS NOT NULL`;

/** Keys that are pending for KV: copies are made from rows, never from the key cache. */
export const FIND_PENDING = `${PENDING} LIMIT ${PENDING_BATCH_SIZE}`;

/** Those of some keys that are. */
export const FIND_PENDING_OF = `${PENDING} AND k.id IN (SELECT value FROM json_each(?1))`;

/** Changes in one read; of more, the newest, and records from before those are not current. One change of a list is a thousand. */
export const MAX_CHANGES = 2_500;

/** One row in any case: both ends of the log, and the newest changes after a line. */
export const READ_CHANGES = `
  SELECT (SELECT min(seq) FROM key_changes) AS oldestSeq,
         (SELECT max(seq) FROM key_changes) AS newestSeq,
         (SELECT json_group_array(json_array(seq, key_id, version, role_id))
            FROM (SELECT seq, key_id, version, role_id FROM key_changes WHERE seq > ?1 ORDER BY seq DESC LIMIT ${MAX_CHANGES})
         ) AS changes`;

/** The system of record on a D1 database. Its reads go to the primary: a replica may still have a revoked key as active. */
export function createD1Records(db: D1Database): KeyRecordSource & ChangeFeed & KeyRecords {
  return {
    async readById(id: string): Promise<KeyRecord | null> {
      const row = await primary(db).prepare(FIND_BY_ID).bind(id).first<Record<string, unknown>>();
      return row === null ? null : readOfRow(row).record;
    },
    async readByHash(hash: KeyHash): Promise<PrimaryRead | null> {
      const row = await primary(db).prepare(FIND_BY_HASH).bind(hash).first<Record<string, unknown>>();
      return row === null ? null : readOfRow(row);
    },
    async readByHashes(hashes) {
      const query = primary(db).prepare(FIND_BY_HASHES).bind(JSON.stringify(hashes));
      const { results } = await query.all<Record<string, unknown>>();
      const rows = new Map(results.map((row) => [row.hash, row]));
      return hashes.map((hash) => readOrError(rows.get(hash)));
    },
    async addSigningKeyId(keyId, signingKeyId) {
      await db.prepare(ADD_SIGNING_KEY_ID).bind(signingKeyId, keyId).run();
    },
    async since(seq: number): Promise<Changes> {
      const row = await primary(db).prepare(READ_CHANGES).bind(seq).first<Record<string, unknown>>();
      return changesOf(row);
    },
  };
}

/** A session that reads the latest commit: https://developers.cloudflare.com/d1/best-practices/read-replication/ */
export function primary(db: D1Database): D1DatabaseSession {
  return db.withSession("first-primary");
}

/**
 * The record of a row of `FIND_BY_HASH` or `FIND_PENDING`, with its copy for KV.
 *
 * @throws CorruptRecord for a row that cannot be decoded
 */
export function readOfRow(row: Record<string, unknown>): PrimaryRead {
  const { hash: _, lacksSigningKeyId, ...copy } = row;
  // Decoded first: a row that cannot be decoded is never copied.
  const read = { record: decodeRecord(copy), asOf: seqOf(copy.asOf), copy: copy as unknown as KeyCopy };
  return { ...read, lacksSigningKeyId: lacksSigningKeyId === 1 };
}

function readOrError(row: Record<string, unknown> | undefined): PrimaryRead | Error | null {
  try {
    return row === undefined ? null : readOfRow(row);
  } catch (error) {
    return error as Error;
  }
}

function changesOf(row: Record<string, unknown> | null): Changes {
  const listed: unknown = JSON.parse(String(row?.changes));
  if (!Array.isArray(listed)) throw new Error("the change log cannot be read");
  const changes = listed.map(changeOf);
  const oldestInLog = seqOf(row?.oldestSeq);
  // A full list may have been cut: changes before its oldest line are missing.
  const oldestSeq = changes.length < MAX_CHANGES ? oldestInLog : Math.min(...changes.map(({ seq }) => seq));
  return { oldestSeq, newestSeq: seqOf(row?.newestSeq), changes };
}

function changeOf(entry: unknown): Changes["changes"][number] {
  const [seq, keyId, version, roleId] = Array.isArray(entry) ? entry : [];
  if (keyId !== null && typeof keyId !== "string") throw new Error("a change names no key");
  if (roleId !== null && typeof roleId !== "string") throw new Error("a change names no role");
  return { seq: seqOf(seq), keyId, version: seqOf(version), roleId };
}

// The log is never empty (migrations/0001_keys.sql): a missing number means a damaged database, not a new one.
function seqOf(value: unknown): number {
  if (!Number.isSafeInteger(value)) throw new Error("a line of the change log has no number");
  return value as number;
}
