// Marks reported keys as compromised, and revokes or disables them by the policy of their account: one transaction with its audit event for each key.
import { fromWirePolicy, type LeakAction } from "../../core/access/account-policy.ts";
import type { KeyHash } from "../../core/access/principal.ts";
import type { Leak } from "../../core/leaks/report.ts";
import { keyEvent, logKeyChange, markRevoked, setKeyDisabled } from "../api-keys/statements.ts";
import { makeChange, statement } from "../audit/audited-change.ts";
import { type Actor, type Background, SYSTEM } from "../common.ts";
import { primary } from "../key-cache/d1-records.ts";
import type { LeakReports } from "./port.ts";

/** Hashes that are looked up at once. */
const CHUNK = 500;
/** Keys that one report changes: each takes a transaction. */
const MAX_CHANGES = 300;

export const KEYS_BY_HASH = `SELECT k.id AS keyId, k.account_id AS accountId, k.name, k.hash,
    k.compromised_at AS compromisedAt, k.revoked_at AS revokedAt, k.disabled_at AS disabledAt, a.policy
  FROM json_each(?1) wanted CROSS JOIN api_keys k ON k.hash = wanted.value CROSS JOIN accounts a ON a.id = k.account_id`;

interface FoundKey {
  readonly keyId: string;
  readonly accountId: string;
  readonly name: string;
  readonly hash: KeyHash;
  readonly compromisedAt: number | null;
  readonly revokedAt: number | null;
  readonly disabledAt: number | null;
  /** Of the account, as JSON. */
  readonly policy: string;
}

export interface ReportParts {
  readonly db: D1Database;
  readonly now: () => number;
  /** Told of every account with its keys that were changed. */
  readonly onChange: (accountId: string, keyIds: readonly string[], background: Background) => Promise<void>;
}

export function createLeakReports({ db, now, onChange }: ReportParts): LeakReports {
  return {
    async report(leaks, address, requestId, background) {
      const byHash = new Map(leaks.map((leak) => [leak.hash, leak]));
      const keys = await findKeys(db, [...byHash.keys()]);
      const open = keys.filter((key) => key.compromisedAt === null || endOf(key) !== "tell");
      const changed = new Map<string, string[]>();
      for (const key of open.slice(0, MAX_CHANGES)) {
        const actor = { ...SYSTEM, address, requestId };
        await markKey(db, key, byHash.get(key.hash) as Leak, endOf(key), actor, now());
        changed.set(key.accountId, [...(changed.get(key.accountId) ?? []), key.keyId]);
      }
      for (const [accountId, keyIds] of changed) background(onChange(accountId, keyIds, background));
      return open.length > MAX_CHANGES ? null : new Set(keys.map(({ hash }) => hash));
    },
  };
}

/** What the policy of the account still has to do with a key; `tell`: nothing. */
function endOf({ policy, revokedAt, disabledAt }: FoundKey): LeakAction {
  const { leakAction } = fromWirePolicy(JSON.parse(policy));
  if (revokedAt !== null || (leakAction === "disable" && disabledAt !== null)) return "tell";
  return leakAction;
}

async function findKeys(db: D1Database, hashes: readonly KeyHash[]): Promise<readonly FoundKey[]> {
  const found: FoundKey[] = [];
  const session = primary(db);
  for (let i = 0; i < hashes.length; i += CHUNK) {
    const chunk = JSON.stringify(hashes.slice(i, i + CHUNK));
    found.push(...(await session.prepare(KEYS_BY_HASH).bind(chunk).all<FoundKey>()).results);
  }
  return found;
}

/** Also the last key that manages keys: its finder could use it. */
async function markKey(
  db: D1Database,
  { keyId, accountId, name }: FoundKey,
  { url, source }: Leak,
  action: LeakAction,
  actor: Actor,
  now: number,
): Promise<void> {
  const { eventType, ends, change, column } = ACTIONS[action];
  const message = `API key ${name} was reported as leaked${ends}`;
  const ref = { accountId, keyId, name };
  await makeChange(db, {
    event: keyEvent(eventType, ref, message, { ...change, compromised: { url, source } }),
    actor,
    now,
    conditions: {
      done: {
        sql: `EXISTS (SELECT 1 FROM api_keys WHERE id = ? AND ${column} IS NULL)`,
        values: [keyId],
      },
    },
    statements: [
      statement(
        `UPDATE api_keys SET compromised_url = iif(compromised_at IS NULL, ?, compromised_url),
          compromised_at = ifnull(compromised_at, ?), updated_at = ? WHERE id = ? AND $permitted`,
        ...[url, now, now, keyId],
      ),
      ...(action === "revoke" ? [markRevoked(keyId, actor, now), logKeyChange(keyId, now)] : []),
      ...(action === "disable" ? setKeyDisabled(keyId, now, now) : []),
    ],
  });
}

/** The event of each action, and the column that says that it was done. */
const ACTIONS = {
  revoke: { eventType: "REVOKE", ends: " and revoked", change: {}, column: "revoked_at" },
  disable: { eventType: "EDIT", ends: " and disabled", change: { change: "disabled" }, column: "disabled_at" },
  tell: { eventType: "LEAK", ends: "", change: {}, column: "compromised_at" },
} as const;
