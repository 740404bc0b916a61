// Wires the application of one isolate: what every request needs at once, the rest with the first request that needs it.
import { api } from "#api";
import type { AdminPorts } from "../admin/ports.ts";
import type { Config } from "../config/config.ts";
import { DEFAULT_MANAGEMENT_PREFIX } from "../core/routing/gatehouse-operations.ts";
import { compileTable, type OperationTable } from "../core/routing/operation-table.ts";
import { OPERATIONS, operationsOf } from "../core/routing/operations.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { createIdentity } from "../gateway/proxy/identity-token.ts";
import { createHeaderFilter, createHeaderReuse } from "../gateway/proxy/request-headers.ts";
import { createRateLimits, type RateLimits } from "../gateway/rate-limits.ts";
import { createLog, errorText } from "../log.ts";
import { createNetworks } from "../store/api-keys/networks.ts";
import { createUsageRecorder } from "../store/api-keys/usage.ts";
import { createDenialRecorder } from "../store/denials/recorder.ts";
import { FRESH_FOR_MS } from "../store/key-cache/change-log.ts";
import { createD1Records } from "../store/key-cache/d1-records.ts";
import { createKeyResolver } from "../store/key-cache/key-resolver.ts";
import { createKvCopies, limitWrites } from "../store/key-cache/kv-copies.ts";
import type { KeyResolver } from "../store/key-cache/ports.ts";
import { createCircuitBreaker } from "../store/lib/circuit-breaker.ts";
import { guardD1 } from "../store/lib/guarded-d1.ts";
import { lazy } from "../store/lib/lazy.ts";
import type { Clock } from "../store/lib/timeouts.ts";
import { createRateLimiter } from "../store/rate-limits/rate-limiter.ts";
import type { MaintenanceJobs } from "./maintenance.ts";
import { countersOf, countFaults, createMetrics, measureStorage } from "./metrics.ts";

/** What the runtime offers, so that nothing else reads a clock or a random number. */
export interface Runtime {
  readonly clock: Clock;
  readonly random: () => number;
}

export interface App {
  readonly gateway: Gateway;
  readonly maintenance: () => Promise<MaintenanceJobs>;
}

/** The requests that the operations of Gatehouse send themselves. */
type Outgoing = Pick<AdminPorts, "projectsOf" | "sendTest">;

type OnError = (what: string, error: unknown) => void;

/** Wire the application of one isolate. */
export function createApp(given: Config, { clock, random }: Runtime): App {
  // The records of keys have time limits of their own.
  const counters = countersOf(given);
  const measured = measureStorage(given, counters, clock);
  const config: Config = { ...measured, db: guardD1(measured.db, createCircuitBreaker(clock, random)) };
  const { managementPrefix, forwardBelow } = config;
  const rows = managementPrefix === DEFAULT_MANAGEMENT_PREFIX ? OPERATIONS : operationsOf(api, managementPrefix);
  const operations = compileTable(rows, forwardBelow, managementPrefix);
  const log = countFaults(createLog(config.log, clock.now, random), counters);
  const onError: OnError = (what, error) => log.write("fault", { reason: what, error: errorText(error) });
  const records = createD1Records(measured.db);
  const copies = limitWrites(createKvCopies(config.kv, config.ring), clock.now);
  const keys = createKeyResolver(
    { records, changes: records, copies, clock, random, onError },
    { cacheSize: config.keyCacheSize, staleIfErrorMs: config.staleIfErrorMs },
  );
  const denials = createDenialRecorder(config.db, config.denialRetentionMs, onError);
  const dryRuns = lazy(async () =>
    (await import("../store/dry-runs/recorder.ts")).createDryRunRecorder(config.db, onError),
  );
  const maintenance = lazy(async () =>
    (await import("./maintenance.ts")).createMaintenanceJobs(config, copies, log, clock, metrics?.write ?? null),
  );
  const afterEvent = async (accountId: string) =>
    (await maintenance()).afterChange({ accountId, keyIds: [] }, clock.now());
  const placeCheck = lazy(async () => (await import("./networks.ts")).createNetworkCheck(config, afterEvent));
  const networks = createNetworks(config.keyCacheSize, placeCheck, onError);
  const usage = createUsageRecorder(
    config.db,
    { maxKeys: config.keyCacheSize, clock, intervalMs: config.lastUseIntervalMs },
    networks,
    onError,
  );
  const state = () => ({ unwrittenUses: usage.unwritten(), feedReadAt: keys.feedReadAt() });
  const metrics = createMetrics(config, counters, clock, state, onError);
  const identity = createIdentity(config.identityKeys, config.issuer, config.upstream.audience);
  const upstream = upstreamOf(config);
  const outgoing: Outgoing = {
    projectsOf: async (request) =>
      (await import("../gateway/proxy/projects.ts")).fetchProjects(request, identity, upstream),
    sendTest: async (endpoint, now) =>
      (await import("./events.ts")).createTestSender(config, clock, log)(endpoint, now),
  };
  const gateway: Gateway = {
    operations,
    ring: config.ring,
    keys,
    usage,
    denials,
    dryRuns,
    operators: operatorsOf(config, clock),
    identity,
    upstream,
    policy: config.policy,
    limits: rateLimitsOf(config, onError),
    log,
    now: clock.now,
    requestId: requestIds(),
    handleAdmin: adminOf(config, operations, keys, { denials, dryRuns }, outgoing, async (change) =>
      (await maintenance()).afterChange(change, clock.now()),
    ),
    assets: config.assets,
    firstAccount: lazy(async () => {
      const { createFirstAccount } = await import("../store/accounts/repository.ts");
      return createFirstAccount(config.db, config.ring);
    }),
    canaries: lazy(async () => (await import("./canaries.ts")).createCanaries(config, onError, afterEvent)),
    leaks: lazy(async () =>
      (await import("./leaks.ts")).createLeaks(config, clock, (accountId, keyIds, background) => {
        keys.invalidate(keyIds, background);
        return maintenance().then(({ afterChange }) => afterChange({ accountId, keyIds }, clock.now()));
      }),
    ),
    auditHead: async () => (await import("../store/audit/publisher.ts")).readStatement(config.kv),
    metrics,
    openapi: async () => (await import("../admin/openapi.ts")).openapiDocument(config.managementPrefix),
  };
  return { gateway, maintenance };
}

function upstreamOf({ upstream }: Config): Gateway["upstream"] {
  const { binding } = upstream;
  return {
    ...upstream,
    fetch: (url, init) => (binding === null ? fetch(url, init) : binding.fetch(url, init)),
    forwardsHeader: createHeaderFilter(upstream.forwardedHeaders),
    reuseHeaders: createHeaderReuse(),
  };
}

function rateLimitsOf({ limits }: Config, onError: OnError): RateLimits {
  const limiter = (binding: RateLimit | null) =>
    binding === null ? null : createRateLimiter(binding, limits.periodSeconds, onError);
  return createRateLimits(limiter(limits.authFailures), limiter(limits.perKey));
}

function operatorsOf(config: Config, clock: Clock): Gateway["operators"] {
  if (config.oidc === null && config.access === null) return null;
  return lazy(async () => (await import("./operators.ts")).createOperatorAuthentication(config, clock));
}

/** The operations that Gatehouse serves. Hono, zod and the handlers load with the first request for one of them. */
function adminOf(
  config: Config,
  operations: OperationTable,
  keys: KeyResolver,
  { denials, dryRuns }: Pick<Gateway, "denials" | "dryRuns">,
  outgoing: Outgoing,
  afterChange: AdminPorts["afterChange"],
): Gateway["handleAdmin"] {
  const always = config.policy.strongCheck === "all";
  const bounds = {
    mutations: "now" as const,
    readsWithinSeconds: always ? 0 : FRESH_FOR_MS / 1_000,
    degradedReadsWithinSeconds: always ? 0 : (FRESH_FOR_MS + config.staleIfErrorMs) / 1_000,
  };
  const handler = lazy(async () => {
    const { createAdminHandler } = await import("./admin.ts");
    const recorders = { denials, dryRuns: await dryRuns() };
    return createAdminHandler(config, keys, recorders, operations, bounds, { ...outgoing, afterChange });
  });
  return async (request) => (await handler())(request);
}

/** Ids that are unique among all isolates: a random start, which the runtime allows only within a request, and a count. */
function requestIds(): () => string {
  let start: string | null = null;
  let count = 0;
  return () => {
    start ??= crypto.randomUUID().replaceAll("-", "").slice(0, 20);
    count += 1;
    return `${start}-${count}`;
  };
}
