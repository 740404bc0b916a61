// The rotation of an API key: its successor is created with the end of the predecessor; the overlap is moved, or all undone.
import { makeChangeAndRead, type Statement, statement } from "../audit/audited-change.ts";
import type { Actor } from "../common.ts";
import { activeKeySql, and, type Condition, TRUE } from "../lib/conditions.ts";
import { storeConfigOf } from "../store-config.ts";
import { managerRemainsWithout } from "./last-manager.ts";
import type { ApiKeyDetails, Cancellation, CancelOutcome, OverlapChange, OverlapOutcome, Rotation } from "./port.ts";
import { type KeyRow, keyOfRow, selectKey } from "./row.ts";
import { bumpKeyVersion, keyEvent, keyIsActive, markRevoked, moveExpiry } from "./statements.ts";

/** What must be so of the predecessor for a rotation, by what is reported; `undefined`: the key takes over from none. */
export function rotationConditions(
  rotation: Rotation | undefined,
  now: number,
): Readonly<Record<"key_inactive" | "already_rotated", Condition>> {
  if (rotation === undefined) return { key_inactive: TRUE, already_rotated: TRUE };
  const { predecessorId, bySelf } = rotation;
  const enabled: Condition = {
    sql: "EXISTS (SELECT 1 FROM api_keys WHERE id = ? AND disabled_at IS NULL)",
    values: [predecessorId],
  };
  // Somebody who has found a key rotates it once at most, also when its successor was revoked.
  const successor = bySelf ? "s.rotated_from = ?" : `s.rotated_from = ? AND ${activeKeySql("s")}`;
  return {
    key_inactive: and(keyIsActive({ keyId: predecessorId }, now), enabled),
    already_rotated: {
      sql: `NOT EXISTS (SELECT 1 FROM api_keys s WHERE ${successor})`,
      values: bySelf ? [predecessorId] : [predecessorId, now],
    },
  };
}

/** Ends the predecessor, once its successor was inserted. */
export function endPredecessor({ predecessorId, endsAt }: Rotation, now: number): readonly Statement[] {
  return [moveExpiry(predecessorId, endsAt), ...bumpKeyVersion(predecessorId, now)];
}

export async function moveOverlap(db: D1Database, move: OverlapChange, actor: Actor, now: number) {
  const { keyId, name, endsAt, successorId } = move;
  const config = storeConfigOf(db);
  const detail = { change: "overlap_changed", after: { expires_at: endsAt } };
  const change = {
    event: keyEvent("EDIT", move, `The end of the rotated API key ${name} was moved`, detail),
    actor,
    now,
    conditions: { key_inactive: keyIsActive(move, now), not_rotated: isSuccessor(successorId, keyId, now) },
    statements: [moveExpiry(keyId, endsAt), ...bumpKeyVersion(keyId, now)],
  };
  const read = { query: selectKey(move), itemOf: (row: KeyRow) => keyOfRow(row, config) };
  const { failed, items } = await makeChangeAndRead(db, change, read);
  return (failed ?? (items[0] as ApiKeyDetails)) as OverlapOutcome;
}

// The event is the successor's: it is what ends. It says which expiry the predecessor has again.
export async function cancelRotation(db: D1Database, cancellation: Cancellation, actor: Actor, now: number) {
  const { accountId, keyId, name, successorId, expiresAt } = cancellation;
  const config = storeConfigOf(db);
  const successor = { accountId, keyId: successorId };
  const detail = { change: "rotation_cancelled", rotated_from: { id: keyId, expires_at: expiresAt } };
  const change = {
    event: keyEvent("REVOKE", { ...successor, name }, `The rotation of API key ${name} was cancelled`, detail),
    actor,
    now,
    conditions: {
      key_inactive: keyIsActive(cancellation, now),
      not_rotated: isSuccessor(successorId, keyId, now),
      last_manager: managerRemainsWithout(config, successor, now),
    },
    statements: [
      markRevoked(successorId, actor, now),
      ...bumpKeyVersion(successorId, now),
      moveExpiry(keyId, expiresAt),
      ...bumpKeyVersion(keyId, now),
    ],
  };
  const read = { query: selectKey(cancellation), itemOf: (row: KeyRow) => keyOfRow(row, config) };
  const { failed, items } = await makeChangeAndRead(db, change, read);
  return (failed ?? (items[0] as ApiKeyDetails)) as CancelOutcome;
}

function isSuccessor(successorId: string, keyId: string, now: number): Condition {
  return {
    sql: `EXISTS (SELECT 1 FROM api_keys s WHERE s.id = ? AND s.rotated_from = ? AND ${activeKeySql("s")})`,
    values: [successorId, keyId, now],
  };
}

/** Inserts what a successor says of its rotation; after the INSERT of the key and before the predecessor's end. */
export function linkSuccessor(successorId: string, { predecessorId }: Rotation): Statement {
  return statement(
    `UPDATE api_keys SET rotated_from = ?, (predecessor_expires_at, predecessor_usage_count) =
      (SELECT p.expires_at, p.usage_count FROM api_keys p WHERE p.id = ?) WHERE id = ? AND $permitted`,
    ...[predecessorId, predecessorId, successorId],
  );
}
