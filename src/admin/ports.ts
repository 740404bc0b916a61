// Everything that the handlers of the admin API depend on.
import type { AuthorizedRequest } from "../authorized-request.ts";
import type { RoleMap } from "../core/access/role-mapping.ts";
import type { OperationTable } from "../core/routing/operation-table.ts";
import type { KeyRing } from "../core/token/api-key-token.ts";
import type { PolicyRepository } from "../store/accounts/port.ts";
import type { AllowListRepository } from "../store/allow-lists/port.ts";
import type { ApiKeyRepository } from "../store/api-keys/port.ts";
import type { ApprovalRepository } from "../store/approvals/port.ts";
import type { AuditReader } from "../store/audit/port.ts";
import type { DenialRecorder, DenialRepository } from "../store/denials/port.ts";
import type { DryRunRecorder, DryRunRepository } from "../store/dry-runs/port.ts";
import type { DeliveryRepository, EndpointDetails, EndpointRepository, SendResult } from "../store/endpoints/port.ts";
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
  readonly policies: PolicyRepository;
  readonly approvals: ApprovalRepository;
  readonly apiKeys: ApiKeyRepository;
  readonly allowLists: AllowListRepository;
  readonly roles: RoleRepository;
  readonly operators: OperatorRepository;
  /** The issuers whose tokens are accepted. */
  readonly operatorIssuers: ReadonlySet<string>;
  /** The issuer of a new operator's subject when the request names none; `null`: none is configured. */
  readonly defaultOperatorIssuer: string | null;
  /** The roles that people have by their groups. */
  readonly roleMap: RoleMap;
  readonly endpoints: EndpointRepository;
  readonly deliveries: DeliveryRepository;
  /** Sends a test event to an endpoint. Never rejects for what the receiver does. */
  readonly sendTest: (endpoint: EndpointDetails, now: number) => Promise<SendResult>;
  /** Whether an endpoint may be this machine, in plain http. */
  readonly allowLoopbackEndpoints: boolean;
  readonly auditLog: AuditReader;
  readonly denials: DenialRepository;
  /** Has the denials of this isolate that are not written yet. */
  readonly denialRecorder: DenialRecorder;
  readonly dryRuns: DryRunRepository;
  /** Has the counts of this isolate that are not written yet. */
  readonly dryRunRecorder: DryRunRecorder;
  /**
   * The ids of the projects that the upstream names to the principal of a request. `null`: it names none, so that a project is
   * what clients call one. Rejects when the upstream does not answer.
   */
  readonly projectsOf: (request: AuthorizedRequest) => Promise<ReadonlySet<string> | null>;
  /** What a change leaves to be done, after the response; never rejects. `keyIds` are the changed keys. */
  readonly afterChange: (change: { readonly accountId: string; readonly keyIds: readonly string[] }) => Promise<void>;
  readonly keyRecords: KeyRecords;
  readonly keyResolver: KeyResolver;
  readonly keyRing: KeyRing;
  readonly operations: OperationTable;
  /** The display name of a new key's role when the request names none; `null`: none is configured. */
  readonly defaultKeyRoleName: string | null;
  readonly revocationBounds: RevocationBounds;
}
