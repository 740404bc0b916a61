// Creates the admin API with its repositories. app.ts loads it with the first request for one of its operations.

import type { AdminPorts, RevocationBounds } from "../admin/ports.ts";
import { createAdminRouter } from "../admin/router.ts";
import type { AuthorizedRequest } from "../authorized-request.ts";
import type { Config } from "../config/config.ts";
import type { OperationTable } from "../core/routing/operation-table.ts";
import { createPolicyRepository } from "../store/accounts/policies.ts";
import { createAllowListRepository } from "../store/allow-lists/repository.ts";
import { createApiKeyRepository } from "../store/api-keys/repository.ts";
import { createApprovalRepository } from "../store/approvals/repository.ts";
import { createAuditReader } from "../store/audit/reader.ts";
import type { DenialRecorder } from "../store/denials/port.ts";
import { createDenialRepository } from "../store/denials/repository.ts";
import type { DryRunRecorder } from "../store/dry-runs/port.ts";
import { createDryRunRepository } from "../store/dry-runs/repository.ts";
import { createDeliveryRepository } from "../store/endpoints/deliveries.ts";
import { createEndpointRepository } from "../store/endpoints/repository.ts";
import { createD1Records } from "../store/key-cache/d1-records.ts";
import type { KeyResolver } from "../store/key-cache/ports.ts";
import { createOperatorRepository } from "../store/operators/repository.ts";
import { createRoleRepository } from "../store/roles/repository.ts";
import { configureStore } from "../store/store-config.ts";
import { storeConfig } from "./store-config.ts";

/**
 * Creates the handler of all operations that Gatehouse serves itself.
 *
 * @param recorders those of this isolate, because they have counts that are not written yet
 */
export function createAdminHandler(
  config: Config,
  keyResolver: KeyResolver,
  recorders: { readonly denials: DenialRecorder; readonly dryRuns: DryRunRecorder },
  operations: OperationTable,
  revocationBounds: RevocationBounds,
  others: Pick<AdminPorts, "projectsOf" | "sendTest" | "afterChange">,
): (request: AuthorizedRequest) => Promise<Response> {
  const stored = storeConfig(config);
  configureStore(config.db, stored);
  return createAdminRouter({
    policies: createPolicyRepository(config.db),
    approvals: createApprovalRepository(config.db),
    apiKeys: createApiKeyRepository(config.db),
    allowLists: createAllowListRepository(config.db),
    roles: createRoleRepository(config.db),
    operators: createOperatorRepository(config.db),
    operatorIssuers: stored.issuers,
    defaultOperatorIssuer: (config.oidc ?? config.access)?.trusted.issuer ?? null,
    roleMap: config.oidc?.roleMap ?? new Map(),
    endpoints: createEndpointRepository(config.db),
    deliveries: createDeliveryRepository(config.db),
    allowLoopbackEndpoints: config.endpoints.allowLoopback,
    auditLog: createAuditReader(config.db),
    denials: createDenialRepository(config.db, config.denialRetentionMs),
    denialRecorder: recorders.denials,
    dryRuns: createDryRunRepository(config.db),
    dryRunRecorder: recorders.dryRuns,
    ...others,
    keyRecords: createD1Records(config.db),
    keyResolver,
    keyRing: config.ring,
    operations,
    defaultKeyRoleName: config.defaultKeyRole,
    revocationBounds,
  });
}
