// Types that several resources of the store share.
import type { OperatorIdentity, UnusableReason } from "../core/access/principal.ts";
import type { MappedRole } from "../core/access/role-mapping.ts";

/** Keeps work running after the response was sent: `ExecutionContext.waitUntil`. */
export type Background = (work: Promise<unknown>) => void;

/** Who has made a change, as the audit log has it. */
export interface ActorDetails {
  readonly type: "API_KEY" | "OPERATOR" | "SYSTEM";
  readonly id: string | null;
  readonly name: string;
  readonly address: string | null;
  readonly requestId: string | null;
}

/** Who makes a change, and what the change was authorized on. */
export interface Actor extends ActorDetails {
  /**
   * The version of the key or operator that the request was authorized with, or of the role of somebody by groups; `null`: the
   * system, which has none.
   */
  readonly version: number | null;
  /** Of somebody by groups: they have this role for as long as it stays as it is, and they have no entry of their own. */
  readonly mapped: (OperatorIdentity & MappedRole) | null;
  /** What else the change was authorized on: none of these rows may have another version when it is committed. */
  readonly authorizedOn: readonly RowVersion[];
  /** The approval of a second person that the change needs, and uses up. */
  readonly approval?: ApprovalRef | undefined;
}

export interface ApprovalRef {
  readonly id: string;
  readonly approvedById: string;
  readonly approvedByName: string;
}

/** Gatehouse itself. */
export const SYSTEM: Actor = {
  ...{ type: "SYSTEM", id: null, name: "gatehouse", address: null, requestId: null },
  ...{ version: null, mapped: null, authorizedOn: [] },
};

/** A row at one of its versions. */
export interface RowVersion {
  readonly table: "accounts" | "api_keys" | "operators" | "roles" | "allow_lists" | "endpoints";
  readonly id: string;
  readonly version: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Opaque; `null` on the last page. */
  readonly continuationToken: string | null;
}

/**
 * A page; or the error of a continuation token that this list has not issued (the operation answers 400), or that other
 * expensive reads of the account are running (429).
 */
export type PageOrError<T> = Page<T> | { readonly error: "invalid_continuation_token" | "busy" };

/** An API key as other resources refer to it. Times are in milliseconds since the epoch. */
export interface KeyReference {
  readonly id: string;
  readonly name: string;
  readonly issuer: string;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  readonly unusableReason: UnusableReason | null;
}
