// Wires the application of one isolate: what every request needs at once, the rest with the first request that needs it.
import type { Config } from "../config/config.ts";
import { OPERATIONS } from "../core/routing/operations.ts";
import { compileRoutes } from "../core/routing/route-matcher.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { createIdentity } from "../gateway/proxy/identity-token.ts";
import { createHeaderFilter } from "../gateway/proxy/request-headers.ts";
import { createRateLimits, type RateLimits } from "../gateway/rate-limits.ts";
import { createLog, errorText } from "../log.ts";
import { createUsageRecorder } from "../store/api-keys/usage.ts";
import type { DenialRecorder } from "../store/denials/port.ts";
import { createDenialRecorder } from "../store/denials/recorder.ts";
import type { DryRunRecorder } from "../store/dry-runs/port.ts";
import { createD1Records } from "../store/key-cache/d1-records.ts";
import { FRESH_FOR_MS } from "../store/key-cache/key-cache.ts";
import { createKeyResolver } from "../store/key-cache/key-resolver.ts";
import { createKvCopies } from "../store/key-cache/kv-copies.ts";
import type { KeyResolver } from "../store/key-cache/ports.ts";
import type { Clock } from "../store/lib/timeouts.ts";
import { createRateLimiter } from "../store/rate-limits/rate-limiter.ts";
import type { MaintenanceJobs } from "./maintenance.ts";

/** What the runtime offers, so that nothing else reads a clock or a random number. */
export interface Runtime {
  readonly clock: Clock;
  readonly random: () => number;
}

export interface App {
  readonly gateway: Gateway;
  readonly maintenance: () => Promise<MaintenanceJobs>;
}

type OnError = (what: string, error: unknown) => void;

const routes = compileRoutes(OPERATIONS);

/** Wire the application of one isolate. */
export function createApp(config: Config, { clock, random }: Runtime): App {
  const log = createLog(config.log, clock.now, random);
  const onError: OnError = (what, error) => log.write("fault", { reason: what, error: errorText(error) });
  const records = createD1Records(config.db);
  const copies = createKvCopies(config.kv);
  const keys = createKeyResolver(
    { records, changes: records, copies, clock, random, onError },
    { cacheSize: config.keyCacheSize, staleIfErrorMs: config.staleIfErrorMs },
  );
  const denials = createDenialRecorder(config.db, config.denialRetentionMs, onError);
  const dryRuns = lazy(async () =>
    (await import("../store/dry-runs/recorder.ts")).createDryRunRecorder(config.db, onError),
  );
  const maintenance = lazy(async () => (await import("./maintenance.ts")).createMaintenanceJobs(config, copies, log));
  const gateway: Gateway = {
    routes,
    ring: config.ring,
    keys,
    usage: createUsageRecorder(config.db, config.keyCacheSize, onError),
    denials,
    dryRuns,
    operators: operatorsOf(config, clock),
    identity: createIdentity(config.identityKeys, config.issuer, config.upstream.audience),
    upstream: upstreamOf(config),
    policy: config.policy,
    limits: rateLimitsOf(config, onError),
    log,
    now: clock.now,
    requestId: requestIds(),
    handleAdmin: adminOf(config, keys, denials, dryRuns, async () => (await maintenance()).afterChange(clock.now())),
    assets: config.assets,
    firstAccount: lazy(async () => (await import("../store/accounts/repository.ts")).createFirstAccount(config.db)),
    openapi: async () => (await import("../admin/openapi.json")).default,
  };
  return { gateway, maintenance };
}

function upstreamOf({ upstream }: Config): Gateway["upstream"] {
  const { binding } = upstream;
  return {
    ...upstream,
    fetch: (url, init) => (binding === null ? fetch(url, init) : binding.fetch(url, init)),
    forwardsHeader: createHeaderFilter(upstream.forwardedHeaders),
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
  keys: KeyResolver,
  denials: DenialRecorder,
  dryRuns: () => Promise<DryRunRecorder>,
  afterChange: () => Promise<void>,
): Gateway["handleAdmin"] {
  const always = config.policy.strongCheck === "all";
  const bounds = {
    mutations: "now" as const,
    readsWithinSeconds: always ? 0 : FRESH_FOR_MS / 1_000,
    degradedReadsWithinSeconds: always ? 0 : (FRESH_FOR_MS + config.staleIfErrorMs) / 1_000,
  };
  const handler = lazy(async () => {
    const { createAdminHandler } = await import("./admin.ts");
    return createAdminHandler(config, keys, { denials, dryRuns: await dryRuns() }, routes, bounds);
  });
  return async (request, background) => {
    const response = await (await handler())(request);
    if (request.operation.effect === "mutating") background(afterChange());
    return response;
  };
}

/** Makes a value with the first request that needs it, and keeps it. A failure is not kept. */
function lazy<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make().catch((error) => {
      made = null;
      throw error;
    });
    return made;
  };
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
