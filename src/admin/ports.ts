// Everything that the handlers of the admin API depend on.
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

/** How soon a revocation takes effect, in seconds. Every response to a revocation contains it. */
export interface RevocationBounds {
  readonly mutations: "now" | number;
  readonly readsWithinSeconds: number;
  /** While D1 is unavailable. */
  readonly degradedReadsWithinSeconds: number;
}

export interface AdminPorts {
  readonly apiKeys: ApiKeyRepository;
  readonly allowLists: AllowListRepository;
  readonly roles: RoleRepository;
  readonly operators: OperatorRepository;
  /** The issuer of a new operator's subject when the request names none; `null`: none is configured. */
  readonly defaultOperatorIssuer: string | null;
  readonly auditLog: AuditReader;
  readonly denials: DenialRepository;
  /** Has the denials of this isolate that are not written yet. */
  readonly denialRecorder: DenialRecorder;
  readonly dryRuns: DryRunRepository;
  /** Has the counts of this isolate that are not written yet. */
  readonly dryRunRecorder: DryRunRecorder;
  readonly keyRecords: KeyRecords;
  readonly keyResolver: KeyResolver;
  readonly keyRing: KeyRing;
  readonly routes: Routes;
  readonly blockedKeyIds: ReadonlySet<string>;
  /** The display name of a new key's role when the request names none; `null`: none is configured. */
  readonly defaultKeyRoleName: string | null;
  readonly revocationBounds: RevocationBounds;
}
