// The signed end of an account's chain as D1 has it, read with the events after it, and saved with their hashes.

import { HASHED_COLUMNS, type StoredEvent } from "../../core/audit/hash-chain.ts";
import type { RetiredKeyRow } from "../../core/audit/retired-keys.ts";

/** Events in one run; the next run takes the rest. */
const BATCH_SIZE = 500;

const LAST = "FROM audit_account_checkpoints WHERE account_id = ?1 ORDER BY day DESC LIMIT 1";
/** The newest checkpoint of an account. */
export const LAST_CHECKPOINT = `SELECT day, number, kid, jws ${LAST}`;
const NEW_EVENTS = `SELECT ${HASHED_COLUMNS.join(", ")}, hash FROM audit_events
  WHERE account_id = ?1 AND number > ifnull((SELECT number ${LAST}), 0) ORDER BY number LIMIT ${BATCH_SIZE}`;
/** An event that has lost its hash, or has taken the number of one that was removed. */
const UNSEALED = `SELECT number FROM audit_events
  WHERE account_id = ?1 AND hash IS NULL AND number <= (SELECT number ${LAST}) ORDER BY number LIMIT 1`;
const RETIRED = "SELECT kid, jws FROM audit_signing_keys ORDER BY kid";

/** A checkpoint as it is stored. */
export interface CheckpointRow {
  readonly day: string;
  readonly number: number;
  readonly kid: string;
  readonly jws: string;
}

export interface AccountEnd {
  readonly last: CheckpointRow | null;
  readonly events: readonly StoredEvent[];
  /** The number of a sealed event without a hash; `null`: there is none. */
  readonly unsealed: number | null;
  readonly retired: readonly RetiredKeyRow[];
}

export async function readAccountEnd(db: D1Database, accountId: string): Promise<AccountEnd> {
  const [last, events, unsealed, retired] = await db.batch<unknown>([
    ...[LAST_CHECKPOINT, NEW_EVENTS, UNSEALED].map((sql) => db.prepare(sql).bind(accountId)),
    db.prepare(RETIRED),
  ]);
  return {
    last: (last?.results[0] as CheckpointRow | undefined) ?? null,
    events: (events?.results ?? []) as readonly StoredEvent[],
    unsealed: (unsealed?.results[0] as { number: number } | undefined)?.number ?? null,
    retired: (retired?.results ?? []) as readonly RetiredKeyRow[],
  };
}

// A run that is behind another one, or whose clock shows an earlier day, saves nothing; nor does one that has nothing new.
const SAVE_CHECKPOINT = `INSERT INTO audit_account_checkpoints (account_id, day, number, kid, jws)
  SELECT ?1, ?2, ?3, ?4, ?5 WHERE ifnull((SELECT day <= ?2 AND (number < ?3 OR (number = ?3 AND kid <> ?4)) ${LAST}), 1)
  ON CONFLICT (account_id, day) DO UPDATE SET number = excluded.number, kid = excluded.kid, jws = excluded.jws RETURNING number`;
// One statement for any number of events; none is sealed without a checkpoint that covers it.
const SET_HASHES = `UPDATE audit_events SET hash = sealed.value ->> 1, authentic = sealed.value ->> 2
  FROM json_each(?2) AS sealed WHERE audit_events.account_id = ?1 AND audit_events.number = sealed.value ->> 0
    AND audit_events.number <= (SELECT number ${LAST})`;
const RETIRE = "INSERT INTO audit_signing_keys (kid, jws) VALUES (?1, ?2) ON CONFLICT DO NOTHING";

/** An event's number, its hash, and whether the Worker wrote it. */
export type SealedEvent = readonly [number: number, hash: string, authentic: 0 | 1];

/**
 * Saves the end of an account's chain with the hashes up to it, and the keys that are retired with it.
 *
 * @returns false when another run has saved as much
 */
export async function saveAccountEnd(
  db: D1Database,
  accountId: string,
  { day, number, kid, jws }: CheckpointRow,
  sealed: readonly SealedEvent[],
  retired: readonly RetiredKeyRow[],
): Promise<boolean> {
  const results = await db.batch<unknown>([
    ...retired.map((key) => db.prepare(RETIRE).bind(key.kid, key.jws)),
    db.prepare(SAVE_CHECKPOINT).bind(accountId, day, number, kid, jws),
    db.prepare(SET_HASHES).bind(accountId, JSON.stringify(sealed)),
  ]);
  return results[retired.length]?.results.length === 1;
}
