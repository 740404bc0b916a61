// The audit log. When a read throws, the operation answers 503. When sealing throws, the error is logged and events wait for
// the next run.
import type { ActorDetails, PageOrError } from "../common.ts";

/**
 * A change was not made: what its request was authorized on is not so any more. The actor has ended or was changed, or a row
 * that the decision read was. The request has to be authorized again; nothing has changed.
 */
export class AuthorizationSuperseded extends Error {
  constructor() {
    super("what a change was authorized on has changed meanwhile");
  }
}

/** An audit event as it is stored. */
export interface AuditRecord {
  readonly seq: number;
  /** The position in the account's log; `null`: from before migration 0006. */
  readonly number: number | null;
  readonly id: string;
  readonly accountId: string;
  readonly accountName: string;
  readonly eventType: string;
  readonly resourceType: string;
  readonly resourceId: string;
  readonly resourceName: string;
  readonly actor: ActorDetails;
  readonly message: string;
  readonly detail: Readonly<Record<string, unknown>>;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** The hash that links it to the account's event before; `null` until it is sealed. */
  readonly hash: string | null;
}

export interface AuditFilter {
  readonly accountId: string;
  /** Text to find, without regard to case, in the names of resource and actor, the resource's id and the message. */
  readonly search: string | null;
  readonly eventTypes: readonly string[];
  readonly resourceTypes: readonly string[];
  /** The key or the operator that has made the change; `null`: any. */
  readonly actorId: string | null;
  readonly requestId: string | null;
  /** The client's address in canonical form. */
  readonly address: string | null;
  /** Both ends included, in milliseconds since the epoch. */
  readonly from: number | null;
  readonly to: number | null;
  readonly order: "asc" | "desc";
  readonly limit: number;
  readonly continuationToken: string | null;
}

/** The signed end of an account's log. */
export interface AuditHead {
  readonly number: number;
  readonly day: string;
  readonly jws: string;
}

export interface AuditReader {
  /** Reads one page of the account's events. */
  list(query: AuditFilter): Promise<PageOrError<AuditRecord>>;
  /** Reads the signed end of the account's log; `null`: nothing is signed yet. */
  head(accountId: string): Promise<AuditHead | null>;
}

/** A run of the sealer over one account. */
export interface Sealed {
  readonly accountId: string;
  /** The signed end of the account's chain; `null`: it could not be sealed. */
  readonly end: { readonly number: number; readonly hash: string } | null;
  /** How many events were sealed. */
  readonly count: number;
  /** What is wrong with the log, one sentence each: the events around it are sealed nevertheless. */
  readonly findings: readonly string[];
  /** Why it could not be sealed, or its end not be kept in KV. The next run tries again. */
  readonly error: unknown;
}

/** Makes the audit log tamper-evident. Runs may be concurrent: all compute the same. */
export interface AuditSealer {
  /** Hashes an account's new events into its chain and signs its end. Never rejects. @returns `null`: nothing to do */
  sealAccount(accountId: string, now: number): Promise<Sealed | null>;
  /** Seals the accounts that have new events, or an end that the newest key has not signed. Rejects when D1 cannot be read. */
  sealAll(now: number): Promise<readonly Sealed[]>;
}

/** Publishes the signed state of the log of all accounts. */
export interface AuditPublisher {
  /** Rejects when D1 or KV cannot be used, or the log is behind what was published. @returns 1: renewed; 0: nothing new */
  publish(now: number): Promise<0 | 1>;
}
