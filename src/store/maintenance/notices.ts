// Advance notice of the end of keys: an audit event 30, 7 and 1 days before it, each once. A key that was made later than that
// gets no such notice, and a run that was missed gives the last one only.
import { keyEvent } from "../api-keys/statements.ts";
import { makeChange, statement } from "../audit/audited-change.ts";
import { SYSTEM } from "../common.ts";

const DAY_MS = 86_400_000;
const DAYS = [30, 7, 1] as const;
/** Notices in one run; the next run takes the rest. */
const BATCH_SIZE = 100;

/** When the next notice is due. Migration 0017 has an index on this text, which is used for exactly this one. */
const NEXT = `CASE ${DAYS.map((days) => {
  const at = `expires_at - ${days * DAY_MS}`;
  return `WHEN ${at} > ifnull(notice_at, created_at) THEN ${at}`;
}).join("\n    ")} END`;

export const KEYS_TO_NOTIFY = `
  SELECT id AS keyId, account_id AS accountId, name, expires_at AS expiresAt FROM api_keys
   WHERE expires_at IS NOT NULL AND revoked_at IS NULL AND expiry_recorded_at IS NULL AND canary = 0 AND ${NEXT} <= ?1
   ORDER BY ${NEXT} LIMIT ${BATCH_SIZE}`;

/** A notice that was given. */
export interface Notice {
  readonly accountId: string;
  readonly keyId: string;
  readonly name: string;
  readonly expiresAt: number;
  /** 30, 7 or 1. */
  readonly days: number;
}

/** Gives the notices that are due. @returns those that this run has given */
export async function giveNotices(db: D1Database, now: number): Promise<readonly Notice[]> {
  const { results } = await db.prepare(KEYS_TO_NOTIFY).bind(now).all<Omit<Notice, "days">>();
  const given: Notice[] = [];
  for (const key of results) {
    const notice = await giveNotice(db, key, now);
    if (notice !== null) given.push(notice);
  }
  return given;
}

async function giveNotice(db: D1Database, key: Omit<Notice, "days">, now: number): Promise<Notice | null> {
  const { keyId, name, expiresAt } = key;
  const days = DAYS.findLast((each) => expiresAt - each * DAY_MS <= now) ?? DAYS[0];
  const noticeAt = expiresAt - days * DAY_MS;
  const text = new Date(expiresAt).toISOString();
  // A key that has expired meanwhile gets the event of its end only.
  const isDue = {
    sql: `EXISTS (SELECT 1 FROM api_keys WHERE id = ? AND expires_at = ? AND expires_at > ? AND revoked_at IS NULL
      AND ifnull(notice_at, created_at) < ?)`,
    values: [keyId, expiresAt, now, noticeAt],
  };
  const failed = await makeChange(db, {
    event: keyEvent("EXPIRING", key, `API key ${name} expires at ${text}`, { expires_at: text, days }),
    actor: SYSTEM,
    now,
    conditions: { given_or_changed: isDue },
    statements: [statement("UPDATE api_keys SET notice_at = ? WHERE id = ? AND $permitted", noticeAt, keyId)],
  });
  return failed === null ? { ...key, days } : null;
}

/** The people who are told of an account's keys: active operators with an address, whose role manages keys. */
export const RECIPIENTS = `SELECT o.email FROM operators o JOIN roles r ON r.id = o.role_id AND r.manages_keys = 1
  WHERE o.account_id = ?1 AND o.email IS NOT NULL AND o.deleted_at IS NULL AND (o.expires_at IS NULL OR o.expires_at > ?2)
  ORDER BY o.created_at, o.id LIMIT 20`;

/** Sends one mail to one address. */
export type SendMail = (to: string, subject: string, text: string) => Promise<unknown>;

/**
 * Tells people of a notice by mail, which may be lost; the event is not.
 *
 * @throws Error when a mail could not be sent, after the others were
 */
export async function mailNotice(db: D1Database, send: SendMail, notice: Notice, now: number): Promise<void> {
  const subject = `API key ${notice.name} expires in ${notice.days === 1 ? "a day" : `${notice.days} days`}`;
  const text = `The API key "${notice.name}" (${notice.keyId}) expires at ${new Date(notice.expiresAt).toISOString()}.\n`;
  await mailManagers(db, send, notice.accountId, { subject, text }, now);
}

/**
 * Sends a mail to each of the people who are told of an account's keys.
 *
 * @throws Error when a mail could not be sent, after the others were
 */
export async function mailManagers(
  db: D1Database,
  send: SendMail,
  accountId: string,
  { subject, text }: { readonly subject: string; readonly text: string },
  now: number,
): Promise<void> {
  const { results } = await db.prepare(RECIPIENTS).bind(accountId, now).all<{ email: string }>();
  const sent = await Promise.allSettled(results.map(({ email }) => send(email, subject, text)));
  const failed = sent.find((each) => each.status === "rejected");
  if (failed !== undefined) throw new Error("a mail could not be sent", { cause: failed.reason });
}
