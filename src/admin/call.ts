// What the door hands to an operation that Gatehouse itself answers: a call that has already been authorised.
import type { KeyRecord } from "../core/key.ts";
import type { Operation } from "../core/operations.ts";
import type { Routes } from "../core/routes.ts";
import type { KeyRing } from "../core/token.ts";
import type { CallLog } from "../log.ts";
import type {
  AllowListKeeper,
  AuditReader,
  KeyFinder,
  KeyKeeper,
  KeyRecords,
  OperatorKeeper,
  RefusalReader,
  RefusalRecorder,
  RoleKeeper,
  TrialKeeper,
  TrialRecorder,
} from "../store/ports.ts";

export interface AdminCall {
  readonly request: Request;
  /** The canonical path: what was decided on is what is routed on. */
  readonly path: string;
  /** With its "?", or empty. */
  readonly query: string;
  readonly operation: Operation;
  readonly principal: KeyRecord;
  /** The caller's address as text, for the audit log and for warnings. */
  readonly address: string | null;
  readonly requestId: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly log: CallLog;
}

/** How soon a narrowing is felt, in seconds: the receipt of every revocation. */
export interface RevocationBounds {
  readonly mutations: "now" | number;
  readonly readsWithinSeconds: number;
  readonly degradedReadsWithinSeconds: number;
}

export interface AdminPorts {
  readonly keys: KeyKeeper;
  readonly allowLists: AllowListKeeper;
  readonly roles: RoleKeeper;
  readonly operators: OperatorKeeper;
  /** Whose subjects are meant when an operator names none; `null`: no issuer is configured. */
  readonly operatorIssuer: string | null;
  readonly audit: AuditReader;
  readonly refusals: RefusalReader;
  /** What this isolate has not written of them yet. */
  readonly refused: RefusalRecorder;
  readonly trials: TrialKeeper;
  /** What this isolate has not written of their counts yet. */
  readonly tried: TrialRecorder;
  readonly records: KeyRecords;
  readonly routes: Routes;
  readonly denyKeys: ReadonlySet<string>;
  readonly finder: KeyFinder;
  readonly ring: KeyRing;
  /** Display name of the role that a key gets when none is named; `null`: 400. */
  readonly defaultKeyRole: string | null;
  readonly bounds: RevocationBounds;
}
