// Hashes new audit events into the chain and signs its end. D1 cannot hash, so an event is sealed after the response to its
// change, or at the latest by scheduled maintenance; until then only the access control of D1 protects its row.
import {
  CHAIN_START,
  chainHash,
  dayOf,
  HASHED_COLUMNS,
  readCheckpoint,
  type SigningKey,
  type StoredEvent,
  signCheckpoint,
} from "../../core/audit/hash-chain.ts";
import type { AuditSealer } from "./port.ts";

/** Events in one run; the next run takes the rest. */
const BATCH_SIZE = 200;

export const LAST_CHECKPOINT = "SELECT day, seq, jws FROM audit_checkpoints ORDER BY seq DESC, day DESC LIMIT 1";
export const OPEN_EVENTS = `SELECT ${HASHED_COLUMNS.join(", ")}, hash FROM audit_events
  WHERE seq > ?1 ORDER BY seq LIMIT ${BATCH_SIZE}`;

export const SAVE_CHECKPOINT = `INSERT INTO audit_checkpoints (day, seq, jws) VALUES (?1, ?2, ?3) ON CONFLICT (day)
  DO UPDATE SET seq = excluded.seq, jws = excluded.jws WHERE excluded.seq >= audit_checkpoints.seq`;

/**
 * The sealer of one database.
 *
 * Concurrent runs are safe: SQLite numbers events in the order of their commits, without gaps, so both compute the same
 * hashes, and the checkpoint with the higher number stays.
 *
 * @param keys the identity keys, oldest first; the last one signs
 * @throws Error when there is no key
 */
export function createAuditSealer(db: D1Database, keys: readonly SigningKey[]): AuditSealer {
  const signer = keys.at(-1);
  if (signer === undefined) throw new Error("there is no key to sign checkpoints with");

  async function lastCheckpoint() {
    const row = await db.prepare(LAST_CHECKPOINT).first<{ day: string; seq: number; jws: string }>();
    if (row === null) return { seq: 0, hash: CHAIN_START, day: "", kid: "" };
    const signed = await readCheckpoint(row.jws, keys);
    // Continuing from it would sign events that an attacker with access to D1 may have forged.
    if (signed === null || signed.seq !== row.seq)
      throw new Error(`the audit checkpoint of ${row.day} was not signed by this gateway`);
    return { ...signed, day: row.day };
  }

  return {
    async seal(now) {
      const last = await lastCheckpoint();
      const { results } = await db.prepare(OPEN_EVENTS).bind(last.seq).all<StoredEvent>();
      const today = dayOf(now);
      // A day without events gets a checkpoint too, and after a rotation the new key signs the chain again.
      if (results.length === 0 && last.day === today && last.kid === signer.kid) return null;
      const hashes = chained(results, last);
      const end = hashes.at(-1) ?? last;
      const checkpoint = { seq: end.seq, hash: end.hash, at: now };
      const jws = await signCheckpoint(signer, checkpoint);
      const setHash = db.prepare("UPDATE audit_events SET hash = ?2 WHERE seq = ?1");
      await db.batch([
        ...hashes.map(({ seq, hash }) => setHash.bind(seq, hash)),
        db.prepare(SAVE_CHECKPOINT).bind(today, end.seq, jws),
      ]);
      return { ...checkpoint, sealed: hashes.length };
    },
  };
}

function chained(events: readonly StoredEvent[], last: { readonly seq: number; readonly hash: string }) {
  let { seq, hash } = last;
  return events.map((event) => {
    seq += 1;
    // Numbers have no gaps: the event was deleted before it was sealed.
    if (event.seq !== seq) throw new Error(`audit event ${seq} is missing`);
    hash = chainHash(hash, event);
    return { seq, hash };
  });
}
