// The audit log. When a read throws, the operation answers 503. When sealing throws, the error is logged and events wait for
// the next run.
import type { Checkpoint } from "../../core/audit/hash-chain.ts";
import type { Actor, PageOrError } from "../common.ts";

/** An audit event as it is stored. */
export interface AuditRecord {
  readonly seq: number;
  readonly id: string;
  readonly accountId: string;
  readonly accountName: string;
  readonly eventType: string;
  readonly resourceType: string;
  readonly resourceId: string;
  readonly resourceName: string;
  readonly actor: Actor;
  readonly message: string;
  readonly detail: Readonly<Record<string, unknown>>;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** The hash that links it to the event before; `null` until it is sealed. */
  readonly hash: string | null;
}

export interface AuditFilter {
  readonly accountId: string;
  /** Text to find, without regard to case, in the names of resource and actor, the resource's id and the message. */
  readonly search: string | null;
  readonly eventTypes: readonly string[];
  readonly resourceTypes: readonly string[];
  /** Both ends included, in milliseconds since the epoch. */
  readonly from: number | null;
  readonly to: number | null;
  readonly order: "asc" | "desc";
  readonly limit: number;
  readonly continuationToken: string | null;
}

export interface AuditReader {
  /** Reads one page of the account's events. */
  list(query: AuditFilter): Promise<PageOrError<AuditRecord>>;
}

/** Makes the audit log tamper-evident. */
export interface AuditSealer {
  /** Hashes new events into the chain and signs its end; `null` when there was nothing to do. */
  seal(now: number): Promise<(Checkpoint & { readonly sealed: number }) | null>;
}
