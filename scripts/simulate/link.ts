// The link of one isolate to D1: whether it is up, when it last failed, and what the isolate has read of the change log.
import { READ_CHANGES } from "../../src/store/key-cache/d1-records.ts";
import type { D1Parts } from "./d1.ts";
import type { Bound, Result } from "./database.ts";

/** How long after a reason to ask early an isolate may still do so. */
const EARLY_MS = 3_000;
/** The time limit of a row: docs/operating.md. */
const OVERTAKEN_MS = 1_000;

/** The link of one isolate to D1. */
export interface Link {
  /** Until when this isolate cannot reach D1; `silent`: it gets no error either. */
  cutOffUntil: number;
  silent: boolean;
  /** When a statement last failed, came too late, or was served from the replica. */
  troubleAt: number;
  /** How many statements have failed or come too late. */
  failures: number;
  /** The newest line of the change log that this isolate has certainly applied. */
  knownSeq: number;
  /** When its clock was last corrected: what is under way then is not applied. */
  steppedAt: number;
  /** When D1 was last asked for the change feed and answered; and when the isolate last had a reason to ask early. */
  feedReadAt: number;
  earlyAt: number;
}

export const createLink = (): Link => ({
  ...{ cutOffUntil: 0, silent: false, troubleAt: Number.NEGATIVE_INFINITY, failures: 0 },
  ...{ knownSeq: 0, steppedAt: 0, feedReadAt: Number.NEGATIVE_INFINITY, earlyAt: 0 },
});

/** A statement fails, comes too late or is answered wrongly: what follows may be served stale, and D1 asked again. */
export function noteTrouble(link: Link, now: number): void {
  link.failures += 1;
  link.troubleAt = now;
  link.earlyAt = Math.max(link.earlyAt, now);
}

/** Notes a read of the change feed that was answered in time, and judges the time since the one before. */
export function noteFeed(
  { world, noteGap }: Pick<D1Parts, "world" | "noteGap">,
  link: Link,
  [only]: readonly Bound[],
  [result]: readonly Result[],
  askedAt: number,
): void {
  if (only?.sql !== READ_CHANGES || askedAt <= link.steppedAt) return;
  // A read that a later one has overtaken is none that the isolate has applied.
  if (askedAt < link.feedReadAt) return;
  if (link.earlyAt < link.feedReadAt && askedAt - link.earlyAt > EARLY_MS) noteGap(askedAt - link.feedReadAt);
  link.feedReadAt = askedAt;
  const newestSeq = Number(result?.results[0]?.newestSeq);
  // A row that is under way may be overtaken by what was read, and is then read again, after the log.
  if (newestSeq > link.knownSeq) link.earlyAt = Math.max(link.earlyAt, world.now + OVERTAKEN_MS - EARLY_MS);
  link.knownSeq = newestSeq;
}
