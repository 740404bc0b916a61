// The deliveries of an endpoint in D1: which of the account's events it is still to be sent, and what became of the others.
import type { SentEvent } from "../../core/audit/event-mac.ts";
import { type EndpointRow, SELECT_ENDPOINTS } from "./row.ts";

/** One run has an endpoint for so long; a run that was killed keeps it no longer. */
export const CLAIM_MS = 60_000;
/** Deliveries that are read, and their results written, at once. */
const BATCH = 100;
/** Events that become deliveries at once. */
const ENQUEUED = 500;
/** More deliveries are not made of the log while so many are pending. */
const MAX_PENDING = 5_000;
const ENDPOINTS_IN_RUN = 200;

const HAS_WORK = `(EXISTS (SELECT 1 FROM audit_events e WHERE e.account_id = w.account_id AND e.number >= w.next_number)
  OR EXISTS (SELECT 1 FROM deliveries d WHERE d.endpoint_id = w.id AND d.next_at <= ?1))`;

// Those that fail come last, and then those first that have waited the longest.
export const ENDPOINTS_TO_SEND = `${SELECT_ENDPOINTS} WHERE w.deleted_at IS NULL AND w.disabled_at IS NULL
  AND w.hold_until <= ?1 AND ${HAS_WORK}
  ORDER BY w.failing_since IS NOT NULL, w.hold_until LIMIT ${ENDPOINTS_IN_RUN}`;

export const ENDPOINTS_OF_ACCOUNT = `${SELECT_ENDPOINTS} WHERE w.account_id = ?2 AND w.deleted_at IS NULL
  AND w.disabled_at IS NULL AND w.hold_until <= ?1 AND ${HAS_WORK}`;

const CLAIM = `UPDATE endpoints SET hold_until = ?2 WHERE id = ?1 AND hold_until <= ?3 AND deleted_at IS NULL
  AND disabled_at IS NULL RETURNING *`;

// An endpoint that was changed meanwhile is left: the next run reads where and how it is to be sent to.
const RENEW = `UPDATE endpoints SET hold_until = ?2, failing_since = ?4 WHERE id = ?1 AND hold_until = ?3 AND version = ?5
  AND deleted_at IS NULL AND disabled_at IS NULL RETURNING id`;

const ENQUEUE = `INSERT INTO deliveries (endpoint_id, number, event_id, resource_id, next_at)
  SELECT w.id, e.number, e.id, e.resource_id, ?2 FROM endpoints w CROSS JOIN audit_events e
    ON e.account_id = w.account_id AND e.number >= w.next_number AND e.number < w.next_number + ${ENQUEUED}
  WHERE w.id = ?1 AND ${passesSql("w.event_types")} AND ?3 < ${MAX_PENDING}
  ON CONFLICT DO NOTHING`;

const ADVANCE = `UPDATE endpoints SET next_number = min(next_number + ${ENQUEUED},
    1 + (SELECT ifnull(max(number), 0) FROM audit_events e WHERE e.account_id = endpoints.account_id))
  WHERE id = ?1 AND ?2 < ${MAX_PENDING}`;

const PENDING = `SELECT count(*) AS count FROM
  (SELECT 1 FROM deliveries WHERE endpoint_id = ?1 AND next_at IS NOT NULL LIMIT ${MAX_PENDING})`;

// Of each resource the earliest ones, and none behind one that waits for its next try.
const DUE = `SELECT d.number AS delivery_number, d.tries, e.*, a.name AS account_name
  FROM deliveries d INDEXED BY deliveries_pending
    CROSS JOIN audit_events e ON e.account_id = ?3 AND e.number = d.number JOIN accounts a ON a.id = e.account_id
  WHERE d.endpoint_id = ?1 AND d.next_at <= ?2 AND NOT EXISTS (SELECT 1 FROM deliveries p
    WHERE p.endpoint_id = d.endpoint_id AND p.resource_id = d.resource_id AND p.next_at > ?2 AND p.number < d.number)
  ORDER BY d.number LIMIT ${BATCH}`;

const SOON = "SELECT min(next_at) AS at FROM deliveries WHERE endpoint_id = ?1 AND next_at > ?2";

const RECORD = `UPDATE deliveries SET tries = outcome.value ->> 'tries', next_at = outcome.value ->> 'nextAt',
    delivered_at = ifnull(outcome.value ->> 'deliveredAt', delivered_at), last_at = outcome.value ->> 'at',
    last_status = outcome.value ->> 'status', last_error = outcome.value ->> 'error'
  FROM json_each(?2) outcome WHERE endpoint_id = ?1 AND number = outcome.value ->> 'number'`;

/** SQL that is true for an event `e` that passes a filter, a column with a JSON list. */
export function passesSql(filter: string): string {
  return `(${filter} = '[]' OR EXISTS (SELECT 1 FROM json_each(${filter}) listed
    WHERE listed.value IN (lower(e.resource_type || '.' || e.event_type), lower(e.resource_type) || '.*')))`;
}

/** A delivery that is to be made, with the row of its event. */
export interface DueDelivery extends SentEvent {
  readonly delivery_number: number;
  readonly tries: number;
  readonly seq: number;
  readonly number: number;
  readonly mac: string | null;
  readonly account_name: string;
}

/** What became of a try. */
export interface Outcome {
  readonly number: number;
  readonly tries: number;
  /** `null`: delivered, or given up. */
  readonly nextAt: number | null;
  readonly deliveredAt: number | null;
  readonly at: number;
  readonly status: number | null;
  readonly error: string | null;
}

/** An endpoint that one run has claimed. Every step requires that it still has it. */
export interface Claim {
  readonly id: string;
  readonly accountId: string;
  /** As it is when it is claimed. */
  readonly row: EndpointRow;
  until: number;
  failingSince: number | null;
}

export interface Outbox {
  /** The endpoints that have something to be sent now: of one account, or of all. */
  find(accountId: string | null, now: number): Promise<readonly EndpointRow[]>;
  /** Takes an endpoint for this run; `null`: another one has it. */
  claim(id: string, now: number): Promise<Claim | null>;
  /** Makes deliveries of new events, and reads the ones that are due. */
  due(claim: Claim, now: number): Promise<readonly DueDelivery[]>;
  /** Writes what became of deliveries, and keeps the endpoint for longer. @returns whether this run still has it */
  record(claim: Claim, outcomes: readonly Outcome[], now: number): Promise<boolean>;
  /** When the next try of the endpoint is due; `null`: none is. */
  nextAt(claim: Claim, now: number): Promise<number | null>;
  /** Lets other runs have the endpoint. */
  release(claim: Claim, now: number): Promise<void>;
}

export function createOutbox(db: D1Database): Outbox {
  async function hold(claim: Claim, until: number, more: readonly D1PreparedStatement[]): Promise<boolean> {
    const renew = db.prepare(RENEW).bind(claim.id, until, claim.until, claim.failingSince, claim.row.version);
    const results = await db.batch([renew, ...more]);
    if (results[0]?.results.length !== 1) return false;
    claim.until = until;
    return true;
  }

  return {
    async find(accountId, now) {
      const query =
        accountId === null
          ? db.prepare(ENDPOINTS_TO_SEND).bind(now)
          : db.prepare(ENDPOINTS_OF_ACCOUNT).bind(now, accountId);
      return (await query.all<EndpointRow>()).results;
    },
    async claim(id, now) {
      const until = now + CLAIM_MS;
      const row = await db.prepare(CLAIM).bind(id, until, now).first<EndpointRow & { failing_since: number | null }>();
      return row && { id, accountId: row.account_id, row, until, failingSince: row.failing_since };
    },
    async due({ id, accountId }, now) {
      const read = db.prepare(DUE).bind(id, now, accountId);
      const { results } = await read.all<DueDelivery>();
      if (results.length === BATCH) return results;
      const pending = (await db.prepare(PENDING).bind(id).first<number>("count")) ?? 0;
      await db.batch([db.prepare(ENQUEUE).bind(id, now, pending), db.prepare(ADVANCE).bind(id, pending)]);
      return (await read.all<DueDelivery>()).results;
    },
    record: (claim, outcomes, now) =>
      hold(claim, now + CLAIM_MS, [db.prepare(RECORD).bind(claim.id, JSON.stringify(outcomes))]),
    nextAt: ({ id }, now) => db.prepare(SOON).bind(id, now).first<number>("at"),
    async release(claim, now) {
      await hold(claim, now, []);
    },
  };
}
