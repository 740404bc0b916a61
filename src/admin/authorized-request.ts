// What the door hands to an operation that Gatehouse itself answers: a call that has already been authorised.
import type { KeyRecord } from "../core/access/principal.ts";
import type { Operation } from "../core/routing/operations.ts";
import type { Routes } from "../core/routing/route-matcher.ts";
import type { KeyRing } from "../core/token/api-key-token.ts";
import type { RequestLog } from "../log.ts";
import type {
  AllowListRepository,
  ApiKeyRepository,
  AuditReader,
  DenialRecorder,
  DenialRepository,
  DryRunRecorder,
  DryRunRepository,
  KeyRecords,
  KeyResolver,
  OperatorRepository,
  RoleRepository,
} from "../store/ports.ts";

export interface AuthorizedRequest {
  readonly raw: Request;
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
  readonly log: RequestLog;
}

/** How soon a narrowing is felt, in seconds: the receipt of every revocation. */
export interface RevocationBounds {
  readonly mutations: "now" | number;
  readonly readsWithinSeconds: number;
  readonly degradedReadsWithinSeconds: number;
}

export interface AdminPorts {
  readonly keys: ApiKeyRepository;
  readonly allowLists: AllowListRepository;
  readonly roles: RoleRepository;
  readonly operators: OperatorRepository;
  /** Whose subjects are meant when an operator names none; `null`: no issuer is configured. */
  readonly operatorIssuer: string | null;
  readonly audit: AuditReader;
  readonly denials: DenialRepository;
  /** What this isolate has not written of them yet. */
  readonly denialRecorder: DenialRecorder;
  readonly dryRuns: DryRunRepository;
  /** What this isolate has not written of their counts yet. */
  readonly dryRunRecorder: DryRunRecorder;
  readonly records: KeyRecords;
  readonly routes: Routes;
  readonly blockedKeyIds: ReadonlySet<string>;
  readonly resolver: KeyResolver;
  readonly ring: KeyRing;
  /** Display name of the role that a key gets when none is named; `null`: 400. */
  readonly defaultKeyRole: string | null;
  readonly bounds: RevocationBounds;
}
