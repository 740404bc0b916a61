// The second half of index.ts: puts the operations of Gatehouse's own together. Loaded with the first call to one of them.
import { createAdmin } from "./admin/app.ts";
import type { AdminCall, RevocationBounds } from "./admin/call.ts";
import type { Routes } from "./core/routes.ts";
import type { Config } from "./env.ts";
import { createD1AllowLists } from "./store/d1-allow-lists.ts";
import { createD1Audit } from "./store/d1-audit.ts";
import { createD1KeyKeeper } from "./store/d1-key-keeper.ts";
import { createD1Keys } from "./store/d1-keys.ts";
import { createD1Operators } from "./store/d1-operators.ts";
import { createD1Refusals } from "./store/d1-refusals.ts";
import { createD1Roles } from "./store/d1-roles.ts";
import { createD1Trials } from "./store/d1-trials.ts";
import type { KeyFinder, RefusalRecorder, TrialRecorder } from "./store/ports.ts";

/** The handler of every operation that the table gives to Gatehouse. */
export function assembleAdmin(
  config: Config,
  finder: KeyFinder,
  recorders: { readonly refused: RefusalRecorder; readonly trials: TrialRecorder },
  routes: Routes,
  bounds: RevocationBounds,
): (call: AdminCall) => Promise<Response> {
  return createAdmin({
    keys: createD1KeyKeeper(config.db),
    allowLists: createD1AllowLists(config.db),
    roles: createD1Roles(config.db),
    operators: createD1Operators(config.db),
    operatorIssuer: (config.oidc ?? config.access)?.trusted.issuer ?? null,
    audit: createD1Audit(config.db),
    refusals: createD1Refusals(config.db, config.explainMs),
    refused: recorders.refused,
    trials: createD1Trials(config.db),
    tried: recorders.trials,
    records: createD1Keys(config.db),
    routes,
    denyKeys: config.policy.denyKeys,
    finder,
    ring: config.ring,
    defaultKeyRole: config.defaultKeyRole,
    bounds,
  });
}
