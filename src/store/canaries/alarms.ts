// The audit events of canary keys. D1 bounds them; a memory of the isolate keeps a flood from asking D1 with each request.
import { keyEvent } from "../api-keys/statements.ts";
import { makeChange, statement } from "../audit/audited-change.ts";
import { SYSTEM } from "../common.ts";
import { createLruMap } from "../lib/lru-map.ts";
import { isRecent } from "../lib/timeouts.ts";
import type { CanaryAlarms, CanaryUse } from "./port.ts";

const HOUR_MS = 3_600_000;
/** Events of one key in an hour, and how often one isolate asks D1 for one. */
const MAX_EVENTS = 20;
/** How long a key is left alone when an event could not be written. */
const RETRY_MS = 5_000;
/** Keys that are remembered: canary keys in use are few. */
const MAX_KEYS = 1_000;

/** What this isolate has asked D1 for a key since the hour began. */
interface Hour {
  readonly startedAt: number;
  readonly networks: Set<string>;
  failedAt: number;
  /** Uses since the last event that had none of their own. */
  leftOut: number;
}

export interface AlarmParts {
  readonly db: D1Database;
  /** Told of each use that has an event. Never rejects. */
  readonly onAlarm: (use: CanaryUse, now: number) => Promise<unknown>;
  readonly onError: (what: string, error: unknown) => void;
}

/** The alarms of one isolate. */
export function createCanaryAlarms({ db, onAlarm, onError }: AlarmParts): CanaryAlarms {
  const hours = createLruMap<string, Hour>(MAX_KEYS);

  function hourOf(keyId: string, now: number): Hour {
    const known = hours.get(keyId);
    if (known !== undefined && isRecent(now, known.startedAt, HOUR_MS)) return known;
    const leftOut = known?.leftOut ?? 0;
    const hour = { startedAt: now, networks: new Set<string>(), failedAt: Number.NEGATIVE_INFINITY, leftOut };
    hours.set(keyId, hour);
    return hour;
  }

  async function tell(use: CanaryUse, hour: Hour, now: number): Promise<void> {
    const { leftOut } = hour;
    try {
      if (await writeEvent(db, use, leftOut, now)) {
        hour.leftOut -= leftOut;
        await onAlarm(use, now);
      } else hour.leftOut += 1;
    } catch (error) {
      hour.networks.delete(use.network ?? "");
      hour.failedAt = now;
      hour.leftOut += 1;
      onError("canary_alarm", error);
    }
  }

  return {
    report(use, now, background) {
      const hour = hourOf(use.keyId, now);
      const network = use.network ?? "";
      const isAsked = hour.networks.has(network) || hour.networks.size >= MAX_EVENTS;
      if (isAsked || isRecent(now, hour.failedAt, RETRY_MS)) {
        hour.leftOut += 1;
        return;
      }
      // Before D1 answers: of requests at the same time one asks.
      hour.networks.add(network);
      background(tell(use, hour, now));
    },
  };
}

/** @returns false when the hour has its events, or the key was revoked */
async function writeEvent(db: D1Database, use: CanaryUse, leftOut: number, now: number): Promise<boolean> {
  const { keyId, name, address, country, requestId } = use;
  const network = use.network ?? "";
  const from = `${address ?? "an unknown address"}${country === null ? "" : ` (${country})`}`;
  const { method, path, operationId: operation_id } = use;
  const detail = { country, network: use.network, method, path, operation_id, uses_left_out: leftOut };
  const since = now - HOUR_MS;
  const failed = await makeChange(db, {
    event: keyEvent("CANARY", use, `Canary API key ${name} was used from ${from}`, detail),
    actor: { ...SYSTEM, address, requestId },
    now,
    conditions: {
      ended: {
        sql: "EXISTS (SELECT 1 FROM api_keys WHERE id = ? AND canary = 1 AND revoked_at IS NULL)",
        values: [keyId],
      },
      told: {
        sql: "NOT EXISTS (SELECT 1 FROM canary_alarms WHERE key_id = ? AND network = ? AND at > ?)",
        values: [keyId, network, since],
      },
      many: {
        sql: "(SELECT count(*) FROM canary_alarms WHERE key_id = ? AND at > ?) < ?",
        values: [keyId, since, MAX_EVENTS],
      },
    },
    statements: [
      statement("DELETE FROM canary_alarms WHERE key_id = ? AND at <= ? AND $permitted", keyId, since),
      statement(
        "INSERT INTO canary_alarms (key_id, network, at) SELECT ?, ?, ? WHERE $permitted",
        ...[keyId, network, now],
      ),
    ],
  });
  return failed === null;
}
