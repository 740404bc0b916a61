// The audit log. When a read throws, the operation answers 503; when sealing throws, events wait for the next run.

import type { Checkpoint } from "../../core/audit/hash-chain.ts";
import type { Actor, PageOrError } from "../common.ts";

/** What happened, as it was written down. */
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
  readonly createdAt: number;
  /** `null` until it is sealed. */
  readonly hash: string | null;
}

export interface AuditFilter {
  readonly accountId: string;
  /** Without regard to case, in the names of resource and actor, the resource's id, and the message. */
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
  list(query: AuditFilter): Promise<PageOrError<AuditRecord>>;
}

/** Makes the audit log tamper-evident. When it throws, events wait for the next run, and the fault is logged. */
export interface AuditSealer {
  /** Seals new events and signs the end of the chain; `null` when there was nothing to do. */
  seal(now: number): Promise<(Checkpoint & { readonly sealed: number }) | null>;
}
