// Verifies the audit log of all accounts, and reports everything that differs from what Gatehouse wrote. The chain of an
// account shows changes of rows; its signed checkpoints, and the ends that are kept elsewhere, show a chain that was recomputed.
import { eventName, type Finding } from "./findings.ts";
import { accountStart, chainHash, type StoredEvent } from "./hash-chain.ts";
import type { KeptEnd } from "./kept-end.ts";
import { type AccountDay, verifyDays } from "./verify-days.ts";
import { createEarlierLog, type EarlierDay } from "./verify-earlier.ts";

/** What a verification reads. */
export interface AuditLog {
  /** In the order of `seq`. */
  readonly events: Iterable<StoredEvent> | AsyncIterable<StoredEvent>;
  /** In the order of the day. */
  readonly days: readonly AccountDay[];
  readonly earlierDays: readonly EarlierDay[];
  /** The ids of the rows of `audit_signing_keys`. */
  readonly retired: readonly string[];
  readonly kept: readonly KeptEnd[];
}

export interface Verified {
  readonly findings: readonly Finding[];
  readonly events: number;
  readonly accounts: number;
  /** Events that are not sealed yet. */
  readonly open: number;
}

/** How much older than an event before it an event may be: the longest request, and the difference between two clocks. */
const TOLERANCE_MS = 16 * 60_000;

interface Account {
  /** The number and the hash of the last event. */
  number: number;
  before: string;
  newest: number;
  firstAt: number | null;
  readonly ends: Map<number, KeptEnd[]>;
  /** The highest number that is signed. */
  readonly covered: number;
}

/** Verifies a log. Every difference is a finding; nothing throws because of a row. */
export async function verifyAudit({ events, days, earlierDays, retired, kept }: AuditLog): Promise<Verified> {
  const findings: Finding[] = [];
  const earlier = createEarlierLog(earlierDays);
  const accounts = new Map<string, Account>();
  const ends = [
    ...days.flatMap(({ day, signed }) => (signed ? [{ ...signed, from: `the checkpoint of ${day}` }] : [])),
    ...kept,
  ];
  const accountOf = (id: string): Account => {
    const known = accounts.get(id) ?? newAccount(id, earlier.end.hash, ends);
    accounts.set(id, known);
    return known;
  };
  for (const { account } of [...ends, ...days]) accountOf(account);

  let [seq, count, open, newest] = [0, 0, 0, 0];
  for await (const event of events) {
    count += 1;
    if (event.seq !== seq + 1) findings.push(missing(seq + 1, event.seq - 1));
    seq = event.seq;
    if (event.number === null) {
      findings.push(...earlier.add(event));
      newest = Math.max(newest, Number(event.created_at));
      continue;
    }
    const account = accountOf(event.account_id);
    if (event.hash === null && event.number > account.covered) open += 1;
    findings.push(...addEvent(account, event));
  }
  findings.push(...earlier.finish());
  for (const [id, account] of accounts) {
    findings.push(...cutOff(account));
    const own = days.filter((day) => day.account === id);
    const keptOwn = kept.filter((end) => end.account === id);
    findings.push(...verifyDays(id, own, { firstAt: account.firstAt, retired, kept: keptOwn }));
  }
  return { findings, events: count, accounts: accounts.size, open };
}

function newAccount(id: string, earlierEnd: string, all: readonly KeptEnd[]): Account {
  const ends = new Map<number, KeptEnd[]>();
  for (const end of all) if (end.account === id) ends.set(end.number, [...(ends.get(end.number) ?? []), end]);
  const covered = Math.max(0, ...ends.keys());
  return { number: 0, before: accountStart(id, earlierEnd), newest: 0, firstAt: null, ends, covered };
}

/** The findings of the next event of an account. */
function addEvent(account: Account, event: StoredEvent): readonly Finding[] {
  const number = Number(event.number);
  const name = eventName(event);
  const findings: Finding[] = [];
  const find = (what: Finding["what"], text: string) => findings.push({ what, message: `${name} ${text}.` });
  const hash = chainHash(account.before, event);
  if (number !== account.number + 1) find("missing", `is where event ${account.number + 1} should be`);
  if (event.hash === null && number <= account.covered) find("not_sealed", "has no hash, although it is signed");
  if (event.hash !== null && event.hash !== hash) find("changed", "differs from what was hashed, or was moved");
  if (event.hash !== null && number > account.covered) find("not_signed", "has a hash that no checkpoint covers");
  if (event.hash !== null && event.authentic !== 1) find("not_authentic", "was not written by Gatehouse");
  if (Number(event.created_at) < account.newest - TOLERANCE_MS) find("out_of_time", "is older than an event before it");
  for (const end of account.ends.get(number) ?? []) {
    if (end.hash !== (event.hash ?? hash)) find("checkpoint_differs", `differs from ${end.from}`);
  }
  account.ends.delete(number);
  account.number = number;
  // After a changed row the chain continues with the stored hash, so that each finding names its own row.
  account.before = event.hash ?? hash;
  account.newest = Math.max(account.newest, Number(event.created_at));
  account.firstAt ??= Number(event.created_at);
  return findings;
}

function cutOff({ ends }: Account): readonly Finding[] {
  return [...ends.values()].flat().map(({ account, number, from }) => ({
    what: "cut_off",
    message: `Event ${number} of account ${account} is missing, and ${from} names it.`,
  }));
}

function missing(from: number, to: number): Finding {
  const which = from >= to ? `Event ${from} is` : `Events ${from} to ${to} are`;
  return { what: "missing", message: `${which} missing in the order of all accounts.` };
}
