// The second half of index.ts: puts the operations of Gatehouse's own together. Loaded with the first call to one of them.

import type { RevocationBounds } from "../admin/ports.ts";
import { createAdmin } from "../admin/router.ts";
import type { AuthorizedRequest } from "../authorized-request.ts";
import type { Config } from "../config.ts";
import type { Routes } from "../core/routing/route-matcher.ts";
import { createAllowListRepository } from "../store/allow-lists/repository.ts";
import { createApiKeyRepository } from "../store/api-keys/repository.ts";
import { createAuditReader } from "../store/audit/reader.ts";
import type { DenialRecorder } from "../store/denials/port.ts";
import { createDenialRepository } from "../store/denials/repository.ts";
import type { DryRunRecorder } from "../store/dry-runs/port.ts";
import { createDryRunRepository } from "../store/dry-runs/repository.ts";
import { createD1Records } from "../store/key-cache/d1-records.ts";
import type { KeyResolver } from "../store/key-cache/ports.ts";
import { createOperatorRepository } from "../store/operators/repository.ts";
import { createRoleRepository } from "../store/roles/repository.ts";

/** The handler of every operation that the table gives to Gatehouse. */
export function createAdminHandler(
  config: Config,
  resolver: KeyResolver,
  recorders: { readonly refused: DenialRecorder; readonly trials: DryRunRecorder },
  routes: Routes,
  bounds: RevocationBounds,
): (request: AuthorizedRequest) => Promise<Response> {
  return createAdmin({
    keys: createApiKeyRepository(config.db),
    allowLists: createAllowListRepository(config.db),
    roles: createRoleRepository(config.db),
    operators: createOperatorRepository(config.db),
    operatorIssuer: (config.oidc ?? config.access)?.trusted.issuer ?? null,
    audit: createAuditReader(config.db),
    denials: createDenialRepository(config.db, config.denialRetentionMs),
    denialRecorder: recorders.refused,
    dryRuns: createDryRunRepository(config.db),
    dryRunRecorder: recorders.trials,
    records: createD1Records(config.db),
    routes,
    blockedKeyIds: config.policy.blockedKeyIds,
    resolver,
    ring: config.ring,
    defaultKeyRole: config.defaultKeyRole,
    bounds,
  });
}
