// Dry runs of keys. When one of these throws, the operation answers 503 and nothing has changed. Recording never throws.
import type { DryRunDenial } from "../../core/access/dry-run.ts";
import type { Actor, Background } from "../common.ts";

/** The role and the allow lists that a dry run evaluates; `null`: the key's own. At least one is given. */
export interface DryRunTerms {
  readonly roleId: string | null;
  /** At least one list. */
  readonly allowListIds: readonly string[] | null;
}

/** Allowed requests that the dry run would have denied for one reason. Times are in milliseconds since the epoch. */
export interface DryRunDenialCount {
  readonly reason: string;
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** The latest denials of one reason, network and operation. */
export interface DryRunExample extends DryRunDenialCount {
  /** The network of the client; `null`: its address was not known. */
  readonly network: string | null;
  readonly operation: string;
}

export interface DryRunDetails extends DryRunTerms {
  readonly id: string;
  readonly createdAt: number;
  readonly createdByName: string;
  /** Allowed requests that were evaluated. */
  readonly evaluated: number;
  /** By reason, the most frequent first. */
  readonly denials: readonly DryRunDenialCount[];
  /** Networks of requests that would have been denied; at least so many when `networksComplete` is false. */
  readonly networks: number;
  readonly networksComplete: boolean;
  readonly examples: readonly DryRunExample[];
}

/** Why a dry run was not attached or promoted. */
export type DryRunFailure =
  | "not_found"
  /** The key is revoked or expired. */
  | "key_inactive"
  /** The role or an allow list was deleted after the request was validated. */
  | "reference_gone";

/** The terms that become the key's own. */
export interface DryRunPromotion {
  readonly accountId: string;
  readonly keyId: string;
  /** As the actor was authorized for it: another dry run by then is not promoted. */
  readonly dryRun: DryRunTerms & { readonly id: string };
  /** Promotes it even when no key or operator could manage keys afterwards. */
  readonly force: boolean;
}

export interface DryRunRepository {
  /** Reads the key's dry run; `null`: it has none, or there is no such key. */
  get(accountId: string, keyId: string): Promise<DryRunDetails | null>;
  /** Attaches a dry run and replaces the previous one with its counts. */
  attach(
    accountId: string,
    keyId: string,
    terms: DryRunTerms,
    actor: Actor,
    now: number,
  ): Promise<"attached" | DryRunFailure>;
  /** Makes the terms of a dry run the key's own and ends the dry run, in one transaction. */
  promote(
    promotion: DryRunPromotion,
    actor: Actor,
    now: number,
  ): Promise<"promoted" | "trial_changed" | "last_manager" | DryRunFailure>;
  /** Ends the dry run and deletes its counts. */
  drop(accountId: string, keyId: string, actor: Actor, now: number): Promise<"dropped" | "not_found">;
}

/** An allowed request of a key with a dry run. */
export interface DryRunRequest {
  readonly keyId: string;
  readonly dryRunId: string;
  /** Why the dry run would have denied it; `null`: it would have allowed it. */
  readonly denial: DryRunDenial | null;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface DryRunRecorder {
  /** Counts a request; writes at most once per dry run and minute, the first time at once. */
  record(request: DryRunRequest, background: Background): void;
  /** Reports a dry run that cannot be read, at most once per key and minute. */
  recordUnreadable(keyId: string, at: number): void;
  /** Writes what was counted, so that a following read in this isolate sees it. */
  flush(now: number): Promise<void>;
}
