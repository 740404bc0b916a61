// Disables the keys that nobody has used for as long as the policy of their account allows. Each account is looked at once an hour.
import { managerRemainsWithout } from "../api-keys/last-manager.ts";
import { keyEvent, setKeyDisabled } from "../api-keys/statements.ts";
import { makeChange } from "../audit/audited-change.ts";
import { SYSTEM } from "../common.ts";
import { activeKeySql } from "../lib/conditions.ts";
import { storeConfigOf } from "../store-config.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Accounts and keys of one run; the next run takes the rest. */
const MAX_ACCOUNTS = 10;
const BATCH_SIZE = 100;

export const ACCOUNTS_TO_CHECK = `SELECT id, idle_since AS since, json_extract(policy, '$.disable_after_idle_days') AS days FROM accounts
  WHERE idle_since IS NOT NULL AND idle_checked_at <= ? ORDER BY idle_checked_at LIMIT ${MAX_ACCOUNTS}`;

/** A change of the key counts as a use, and so does a policy that is new. */
const IS_IDLE = `${activeKeySql("k")} AND k.disabled_at IS NULL AND max(ifnull(k.last_used_at, 0), k.updated_at, ?) <= ?`;

export const IDLE_KEYS = `SELECT k.id AS keyId, k.name FROM api_keys k WHERE k.account_id = ? AND ${IS_IDLE}
  ORDER BY k.created_at, k.id LIMIT ${BATCH_SIZE}`;

interface CheckedAccount {
  readonly id: string;
  readonly since: number;
  readonly days: number;
}

/**
 * Disables idle keys, but never the last one that manages keys.
 *
 * @param now milliseconds since the epoch
 * @returns how many keys this run has disabled
 */
export async function disableIdleKeys(db: D1Database, now: number): Promise<number> {
  const { results } = await db
    .prepare(ACCOUNTS_TO_CHECK)
    .bind(now - HOUR_MS)
    .all<CheckedAccount>();
  let disabled = 0;
  for (const account of results) disabled += await checkAccount(db, account, now);
  return disabled;
}

async function checkAccount(db: D1Database, account: CheckedAccount, now: number): Promise<number> {
  const { id: accountId, since, days } = account;
  const idle = [now, since, now - days * DAY_MS] as const;
  const { results } = await db
    .prepare(IDLE_KEYS)
    .bind(accountId, ...idle)
    .all<{ keyId: string; name: string }>();
  let disabled = 0;
  for (const key of results) {
    const ref = { accountId, ...key };
    const failed = await makeChange(db, {
      event: keyEvent("EDIT", ref, `API key ${key.name} was disabled after ${days} days without a use`, {
        ...{ change: "disabled", idle_days: days },
      }),
      actor: SYSTEM,
      now,
      conditions: {
        used: { sql: `EXISTS (SELECT 1 FROM api_keys k WHERE k.id = ? AND ${IS_IDLE})`, values: [key.keyId, ...idle] },
        last_manager: managerRemainsWithout(storeConfigOf(db), ref, now),
      },
      statements: setKeyDisabled(key.keyId, now, now),
    });
    if (failed === null) disabled += 1;
  }
  // A full batch is followed by another one in the next run, unless it cannot make progress.
  if (results.length < BATCH_SIZE || disabled === 0) {
    await db.prepare("UPDATE accounts SET idle_checked_at = ? WHERE id = ?").bind(now, accountId).run();
  }
  return disabled;
}
