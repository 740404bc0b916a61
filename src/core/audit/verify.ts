// Verifies an audit log from its first event to its last, and reports everything that differs from what Gatehouse wrote.
// The chain shows changes of rows; the signed checkpoints show a chain that was recomputed.
import { CHAIN_START, type Checkpoint, chainHash, dayOf, type StoredEvent } from "./hash-chain.ts";

/** Something wrong with a log; `seq` is the event, `null` if it concerns none. */
export interface Finding {
  readonly seq: number | null;
  readonly what:
    | "changed"
    | "missing"
    | "not_sealed"
    | "not_signed"
    | "out_of_time"
    | "checkpoint_forged"
    | "checkpoint_differs"
    | "cut_off";
  readonly message: string;
}

/** A row of `audit_checkpoints`; `signed` is the signed checkpoint, `null` if its signature is not valid. */
export interface SignedDay {
  readonly day: string;
  readonly seq: number;
  readonly signed: Checkpoint | null;
}

export interface Verified {
  readonly findings: readonly Finding[];
  readonly events: number;
  /** The last signed checkpoint; `null`: none yet. */
  readonly covered: Checkpoint | null;
  /** Events after it that are not sealed yet. */
  readonly open: number;
}

/** How far the clocks of isolates may differ. An event that is older than its predecessor by more was inserted later. */
const CLOCKS_DIFFER_MS = 300_000;

/**
 * Verifies a log.
 *
 * @param events in the order of `seq`
 * @param days in the order of `day`
 * @param witness a checkpoint that was kept elsewhere, such as in the Worker's log; shows a log that was truncated and
 *   signed again, or restored to an earlier state as a whole
 */
export async function verifyAudit(
  events: Iterable<StoredEvent> | AsyncIterable<StoredEvent>,
  days: readonly SignedDay[],
  witness: Pick<Checkpoint, "seq" | "hash"> | null = null,
): Promise<Verified> {
  const findings = daysInOrder(days);
  const covered = days.reduce<Checkpoint | null>((best, { signed }) => later(best, signed), null);
  const checkpoints = new Map<number, (Pick<Checkpoint, "seq" | "hash"> & { readonly from: string })[]>();
  for (const { day, signed } of days) if (signed) addCheckpoint(checkpoints, signed, `the checkpoint of ${day}`);
  if (witness) addCheckpoint(checkpoints, witness, "the checkpoint that was kept elsewhere");

  let [before, expected, newest, count, open] = [CHAIN_START, 1, 0, 0, 0];
  for await (const event of events) {
    count += 1;
    if (event.seq !== expected) findings.push(missing(expected, event.seq - 1));
    expected = event.seq + 1;
    const found = findingsOf(event, before, newest, covered);
    findings.push(...found);
    if (event.seq > (covered?.seq ?? 0) && event.hash === null) open += 1;
    // After a changed row the chain continues with the stored hash, so that each finding names its own row.
    before = event.hash ?? chainHash(before, event);
    newest = Math.max(newest, Number(event.created_at));
    for (const { hash, from } of checkpoints.get(event.seq) ?? []) {
      if (hash !== before) findings.push(differs(event.seq, from));
    }
    checkpoints.delete(event.seq);
  }
  for (const [seq, [first]] of checkpoints) {
    if (seq > 0)
      findings.push({ seq, what: "cut_off", message: `Event ${seq} is missing, and ${first?.from} names it.` });
  }
  return { findings, events: count, covered, open };
}

function findingsOf(event: StoredEvent, before: string, newest: number, covered: Checkpoint | null): Finding[] {
  const { seq } = event;
  const findings: Finding[] = [];
  const sealed = seq <= (covered?.seq ?? 0);
  if (event.hash === null && sealed) {
    findings.push({ seq, what: "not_sealed", message: `Event ${seq} has no hash, although later events are signed.` });
  }
  if (event.hash !== null && event.hash !== chainHash(before, event)) {
    findings.push({ seq, what: "changed", message: `Event ${seq} differs from what was hashed, or was moved.` });
  }
  if (event.hash !== null && !sealed) {
    findings.push({ seq, what: "not_signed", message: `Event ${seq} has a hash that no checkpoint covers.` });
  }
  if (Number(event.created_at) < newest - CLOCKS_DIFFER_MS) {
    findings.push({ seq, what: "out_of_time", message: `Event ${seq} is older than an event before it.` });
  }
  return findings;
}

function daysInOrder(days: readonly SignedDay[]): Finding[] {
  const findings: Finding[] = [];
  let seq = 0;
  for (const { day, signed, ...row } of days) {
    if (signed === null) {
      const message = `The checkpoint of ${day} has no valid signature by a known key.`;
      findings.push({ seq: row.seq, what: "checkpoint_forged", message });
    } else if (row.seq !== signed.seq || dayOf(signed.at) !== day || signed.seq < seq) {
      const message = `The checkpoint of ${day} differs from what was signed.`;
      findings.push({ seq: row.seq, what: "checkpoint_differs", message });
    }
    seq = Math.max(seq, signed?.seq ?? 0);
  }
  return findings;
}

function addCheckpoint<T extends Pick<Checkpoint, "seq" | "hash">>(
  checkpoints: Map<number, (Pick<Checkpoint, "seq" | "hash"> & { readonly from: string })[]>,
  { seq, hash }: T,
  from: string,
): void {
  checkpoints.set(seq, [...(checkpoints.get(seq) ?? []), { seq, hash, from }]);
}

function later(one: Checkpoint | null, other: Checkpoint | null): Checkpoint | null {
  if (one === null || other === null) return one ?? other;
  return other.seq > one.seq ? other : one;
}

function missing(from: number, to: number): Finding {
  const which = from >= to ? `Event ${from} is` : `Events ${from} to ${to} are`;
  return { seq: from, what: "missing", message: `${which} missing.` };
}

function differs(seq: number, from: string): Finding {
  return { seq, what: "checkpoint_differs", message: `The chain up to event ${seq} differs from ${from}.` };
}
