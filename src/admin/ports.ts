// What the operations that Gatehouse serves may ask of the rest.
import type { Routes } from "../core/routing/route-matcher.ts";
import type { KeyRing } from "../core/token/api-key-token.ts";
import type { AllowListRepository } from "../store/allow-lists/port.ts";
import type { ApiKeyRepository } from "../store/api-keys/port.ts";
import type { AuditReader } from "../store/audit/port.ts";
import type { DenialRecorder, DenialRepository } from "../store/denials/port.ts";
import type { DryRunRecorder, DryRunRepository } from "../store/dry-runs/port.ts";
import type { KeyRecords, KeyResolver } from "../store/key-cache/ports.ts";
import type { OperatorRepository } from "../store/operators/port.ts";
import type { RoleRepository } from "../store/roles/port.ts";

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
