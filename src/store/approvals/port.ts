// Approvals: changes that wait for a second person. When one of these throws, the operation answers 503 and nothing has changed.
import type { Actor, ApprovalRef, PageOrError, RowVersion } from "../common.ts";

/** A change that a principal asks for. */
export interface RequestedChange {
  readonly accountId: string;
  readonly operationId: string;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** As it was sent, in UTF-8. */
  readonly body: string;
  /** Why it needs a second person, in sentences. */
  readonly reasons: readonly string[];
  /** What it refers to, as it was when the change was asked for: another version is another change. */
  readonly basis: readonly RowVersion[];
}

/** Times are in milliseconds since the epoch. */
export interface ApprovalDetails extends RequestedChange {
  readonly id: string;
  readonly requestedBy: Requester & { readonly type: "OPERATOR" };
  readonly createdAt: number;
  /** Until when it can be approved, and used. */
  readonly expiresAt: number;
  readonly decision: "approved" | "rejected" | null;
  readonly decidedAt: number | null;
  readonly decidedById: string | null;
  readonly decidedByName: string | null;
  /** When the change was made. */
  readonly usedAt: number | null;
}

/** Who asks: an operator. */
export interface Requester {
  readonly id: string;
  readonly name: string;
}

export interface ApprovalQuery {
  readonly accountId: string;
  /** Only those that wait for a decision. */
  readonly open: boolean;
  readonly limit: number;
  readonly continuationToken: string | null;
}

/** `not_second`: the requester. */
export type DecideOutcome = ApprovalDetails | "not_open" | "not_second";

export interface ApprovalRepository {
  /** An approval of this change by this requester that is neither used nor expired: an approved one, or else the newest. */
  find(change: RequestedChange, requester: Actor, now: number): Promise<ApprovalDetails | null>;
  /** Asks for the approval of a change. */
  request(change: RequestedChange, actor: Actor, now: number): Promise<ApprovalDetails | "quota_exceeded">;
  get(accountId: string, id: string): Promise<ApprovalDetails | null>;
  /** Reads one page, the newest first. */
  list(query: ApprovalQuery, now: number): Promise<PageOrError<ApprovalDetails>>;
  /** Approves or rejects a change that waits for it. Only another operator than the requester approves; the requester may reject. */
  decide(
    approval: ApprovalDetails,
    decision: "approved" | "rejected",
    actor: Actor,
    now: number,
  ): Promise<DecideOutcome>;
}

/** What a change refers to once it is approved; `null`: it is not. */
export function approvedRef({ id, decision, decidedById, decidedByName }: ApprovalDetails): ApprovalRef | null {
  if (decision !== "approved" || decidedById === null || decidedByName === null) return null;
  return { id, approvedById: decidedById, approvedByName: decidedByName };
}
