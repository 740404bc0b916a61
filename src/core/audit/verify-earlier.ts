// Verifies the part of an audit log from before migration 0006: one chain for all accounts, in the order of `seq`.
import { dayOf, type EarlierCheckpoint } from "./checkpoint.ts";
import type { Finding } from "./findings.ts";
import { CHAIN_START, earlierHash, type StoredEvent } from "./hash-chain.ts";

/** A row of `audit_checkpoints`; `signed` is `null` if its signature is not valid. */
export interface EarlierDay {
  readonly day: string;
  readonly seq: number;
  readonly signed: EarlierCheckpoint | null;
}

export interface EarlierLog {
  /** The signed end, from which the chains of the accounts begin. */
  readonly end: { readonly seq: number; readonly hash: string };
  add(event: StoredEvent): readonly Finding[];
  /** What is wrong with the checkpoints, after the last event. */
  finish(): readonly Finding[];
}

/** @param days in the order of `day` */
export function createEarlierLog(days: readonly EarlierDay[]): EarlierLog {
  const end = { seq: 0, hash: CHAIN_START };
  for (const { signed } of days) if (signed !== null && signed.seq >= end.seq) Object.assign(end, signed);
  const open = new Map(days.map((day) => [day, day.signed] as const));
  let before = CHAIN_START;

  return {
    end,
    add(event) {
      const findings: Finding[] = [];
      if (event.seq > end.seq) {
        findings.push({
          what: "not_signed",
          message: `Event ${event.seq} has no number, and no checkpoint covers it.`,
        });
      } else if (event.hash === null) {
        findings.push({
          what: "not_sealed",
          message: `Event ${event.seq} has no hash, although later events are signed.`,
        });
      } else if (event.hash !== earlierHash(before, event)) {
        findings.push({ what: "changed", message: `Event ${event.seq} differs from what was hashed, or was moved.` });
      }
      before = event.hash ?? earlierHash(before, event);
      for (const [day, signed] of open) {
        if (signed?.seq !== event.seq) continue;
        if (signed.hash !== before) findings.push(differs(day));
        open.delete(day);
      }
      return findings;
    },
    finish() {
      const findings: Finding[] = [];
      let seq = 0;
      for (const day of days) {
        if (day.signed === null) {
          const message = `The checkpoint of ${day.day} has no valid signature by a known key.`;
          findings.push({ what: "checkpoint_forged", message });
          continue;
        }
        if (day.seq !== day.signed.seq || dayOf(day.signed.at) !== day.day || day.seq < seq)
          findings.push(differs(day));
        if (open.has(day) && day.signed.seq > 0) {
          const message = `Event ${day.signed.seq} is missing, and the checkpoint of ${day.day} names it.`;
          findings.push({ what: "cut_off", message });
        }
        seq = Math.max(seq, day.signed.seq);
      }
      return findings;
    },
  };
}

function differs({ day }: EarlierDay): Finding {
  return { what: "checkpoint_differs", message: `The log, or the checkpoint of ${day}, differs from what was signed.` };
}
