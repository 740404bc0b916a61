// Verifies the checkpoints of an account: each is signed, each names the day of the one before it, and none is missing.
import { type Checkpoint, dayOf } from "./checkpoint.ts";
import type { Finding } from "./findings.ts";
import type { KeptEnd } from "./kept-end.ts";

/** A row of `audit_account_checkpoints`; `signed` is `null` if its signature is not valid. */
export interface AccountDay {
  readonly account: string;
  readonly day: string;
  readonly number: number;
  readonly kid: string;
  readonly signed: (Checkpoint & { readonly signedBy: string }) | null;
}

const DAY_MS = 86_400_000;
/** An account's first event is sealed within a minute. More than two days later, its log was sealed anew from the start. */
const FIRST_WITHIN_MS = 2 * DAY_MS;

interface Known {
  /** The time of the account's first event; `null`: it has none. */
  readonly firstAt: number | null;
  /** The ids of all rows of `audit_signing_keys`. */
  readonly retired: readonly string[];
  /** The account's ends that are kept outside D1. */
  readonly kept: readonly KeptEnd[];
}

/** @param days of the account, in the order of the day */
export function verifyDays(
  account: string,
  days: readonly AccountDay[],
  { firstAt, retired, kept }: Known,
): readonly Finding[] {
  const findings: Finding[] = [];
  let before: AccountDay | null = null;
  for (const row of days) {
    const { day, signed } = row;
    const find = (what: Finding["what"], text: string) =>
      findings.push({ what, message: `The checkpoint of ${day} of account ${account} ${text}.` });
    const [previous, number] = [before?.day ?? null, before?.number ?? 0];
    before = row;
    if (signed === null) {
      find("checkpoint_forged", "has no valid signature by a known key");
      continue;
    }
    const isRow = signed.account === account && row.number === signed.number && row.kid === signed.signedBy;
    if (!isRow || dayOf(signed.at) !== day || signed.number < number) {
      find("checkpoint_differs", "differs from what was signed");
    }
    if (signed.previous !== previous) {
      find("checkpoint_missing", `follows ${nameOf(signed.previous)}, and the log has ${nameOf(previous)} there`);
    }
    if (signed.previous === null && firstAt !== null && Date.parse(day) > firstAt + FIRST_WITHIN_MS) {
      find("checkpoint_missing", `is the first, and the first event is of ${dayOf(firstAt)}`);
    }
    for (const kid of signed.retired) {
      if (!retired.includes(kid)) find("checkpoint_missing", `knows the retired key ${kid}, which is missing`);
    }
  }
  for (const { at, number, from } of kept) {
    if (at === undefined || days.some((row) => row.day === dayOf(at) && row.number >= number)) continue;
    const message = `No checkpoint of ${dayOf(at)} covers event ${number} of account ${account}, and ${from} does.`;
    findings.push({ what: "checkpoint_missing", message });
  }
  return findings;
}

function nameOf(day: string | null): string {
  return day === null ? "none" : `one of ${day}`;
}
