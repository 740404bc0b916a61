// The hash chain over the audit events of an account: what is hashed, and where a chain begins.
import { createHash } from "node:crypto";

/** The columns that the hash of an event before migration 0006 covers, in this order. */
export const EARLIER_COLUMNS = [
  "seq",
  "id",
  "account_id",
  "event_type",
  "resource_type",
  "resource_id",
  "resource_name",
  "actor_type",
  "actor_id",
  "actor_name",
  "address",
  "request_id",
  "message",
  "detail",
  "created_at",
] as const;

/** The columns that the hash of an event covers, in this order: all of its row. */
export const HASHED_COLUMNS = [...EARLIER_COLUMNS, "number", "mac", "authentic"] as const;

/** A row of `audit_events` as it is stored. */
export interface StoredEvent {
  readonly seq: number;
  readonly id: string;
  readonly account_id: string;
  readonly event_type: string;
  readonly resource_type: string;
  readonly resource_id: string;
  readonly resource_name: string;
  readonly actor_type: string;
  readonly actor_id: string | null;
  readonly actor_name: string;
  readonly address: string | null;
  readonly request_id: string | null;
  readonly message: string;
  readonly detail: string;
  readonly created_at: number;
  /** The position in the account's log, from 1; `null`: from before migration 0006. */
  readonly number: number | null;
  readonly mac: string | null;
  /** 1: the Worker wrote it; 0: it did not; `null`: not sealed. */
  readonly authentic: number | null;
  readonly hash: string | null;
}

/** The hash before the first event of the chain of all accounts, which ended with migration 0006. */
export const CHAIN_START = "0".repeat(64);

/**
 * The hash before the first event of an account.
 *
 * @param earlier the last hash of the chain of all accounts; `CHAIN_START` when there is none
 */
export function accountStart(accountId: string, earlier: string): string {
  return sha256(["gatehouse audit log", accountId, earlier]);
}

/** The hash of an event. */
export function chainHash(before: string, event: StoredEvent): string {
  return sha256([before, ...HASHED_COLUMNS.map((column) => event[column])]);
}

/** The hash of an event from before migration 0006. */
export function earlierHash(before: string, event: StoredEvent): string {
  return sha256([before, ...EARLIER_COLUMNS.map((column) => event[column])]);
}

/** SHA-256 of values. JSON delimits them, so two different lists never have the same text; as UTF-8, it takes any text. */
export function sha256(values: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(values)).digest("hex");
}
