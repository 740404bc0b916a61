// Dry runs of keys. When a call throws, the operation answers 503 and nothing has changed.

import type { DryRunDenial } from "../../core/access/dry-run.ts";
import type { Actor, Background } from "../common.ts";

/** What a key is to be tried with; `null`: that stays as it is. One of the two is given. */
export interface DryRunTerms {
  readonly roleId: string | null;
  /** At least one. */
  readonly allowListIds: readonly string[] | null;
}

/** Allowed calls that a trial would have refused, of one kind. */
export interface DryRunDenialCount {
  readonly reason: string;
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** One of the latest: by whom is told as a network. */
export interface DryRunExample extends DryRunDenialCount {
  /** `null`: the caller's address was not known. */
  readonly network: string | null;
  readonly operation: string;
}

export interface DryRunDetails extends DryRunTerms {
  readonly id: string;
  readonly createdAt: number;
  readonly createdByName: string;
  /** Allowed calls that were weighed. */
  readonly evaluated: number;
  /** By reason, the most frequent first. */
  readonly denials: readonly DryRunDenialCount[];
  /** Networks that calls came from which would have been refused; at least so many when `networksComplete` is false. */
  readonly networks: number;
  readonly networksComplete: boolean;
  readonly examples: readonly DryRunExample[];
}

/** Why a trial was not attached or promoted. */
export type DryRunFailure =
  | "not_found"
  /** The key is revoked or expired. */
  | "key_inactive"
  /** The role or a list went away between the check and the write. */
  | "reference_gone";

export interface DryRunRepository {
  /** The key's trial; `null`: it has none, or there is no such key. */
  get(accountId: string, keyId: string): Promise<DryRunDetails | null>;
  /** Attaches a trial in place of the one before, whose counts are forgotten. */
  attach(
    accountId: string,
    keyId: string,
    terms: DryRunTerms,
    actor: Actor,
    now: number,
  ): Promise<"attached" | DryRunFailure>;
  /**
   * Makes the terms of a trial the key's own, in one transaction with its end.
   *
   * @param trial as it was weighed: when it is another one by then, nothing is changed
   */
  promote(
    accountId: string,
    keyId: string,
    dryRun: DryRunTerms & { readonly id: string },
    force: boolean,
    actor: Actor,
    now: number,
  ): Promise<"promoted" | "trial_changed" | "last_manager" | DryRunFailure>;
  drop(accountId: string, keyId: string, actor: Actor, now: number): Promise<"dropped" | "not_found">;
}

/** An allowed call of a key with a trial. */
export interface DryRunRequest {
  readonly keyId: string;
  readonly dryRunId: string;
  /** What the trial would have refused it for; `null`: nothing. */
  readonly denial: DryRunDenial | null;
  readonly at: number;
}

/** Counts what trials would have refused. Never throws; writes at most once per key and minute, the first time at once. */
export interface DryRunRecorder {
  record(call: DryRunRequest, background: Background): void;
  /** A trial that cannot be read: told to the log, at most once per key and minute. */
  recordUnreadable(keyId: string, at: number): void;
  /** Writes what is gathered now, so that whoever asks for the counts here sees all that was counted here. */
  flush(now: number): Promise<void>;
}
