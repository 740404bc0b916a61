// Puts the pieces together: adapters, clock, fetch and scheduled. No logic of its own.

import { type Config, type Env, readConfig } from "./config.ts";
import { OPERATIONS } from "./core/routing/operations.ts";
import { compileRoutes } from "./core/routing/route-matcher.ts";
import type { Gateway, OperatorAuthentication } from "./gateway/gateway.ts";
import { handleRequest } from "./gateway/handle-request.ts";
import { createIdentity } from "./gateway/proxy/identity-token.ts";
import { createRateLimits } from "./gateway/rate-limits.ts";
import { serviceUnavailable } from "./gateway/responses/denial.ts";
import { createLog, errorText } from "./log.ts";
import { createUsageRecorder } from "./store/api-keys/usage.ts";
import type { Background } from "./store/common.ts";
import { createDenialRecorder } from "./store/denials/recorder.ts";
import { createD1Records } from "./store/key-cache/d1-records.ts";
import { FRESH_FOR_MS } from "./store/key-cache/key-cache.ts";
import { createKeyResolver } from "./store/key-cache/key-resolver.ts";
import { createKvCopies } from "./store/key-cache/kv-copies.ts";
import type { Clock } from "./store/lib/timeouts.ts";
import { createRateLimiter } from "./store/rate-limits/rate-limiter.ts";
import type { MaintenanceJobs } from "./wiring/maintenance.ts";

const routes = compileRoutes(OPERATIONS);

const clock: Clock = {
  now: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

interface App {
  readonly door: Gateway;
  readonly chores: () => Promise<MaintenanceJobs>;
}

function createApp(config: Config): App {
  const log = createLog(config.log, clock.now, Math.random);
  const onError = (what: string, error: unknown) => log.write("fault", { reason: what, error: errorText(error) });
  const records = createD1Records(config.db);
  const copies = createKvCopies(config.kv);
  const parts = { records, changes: records, copies, clock, random: Math.random, onError };
  const maintenance = lazy(async () =>
    (await import("./wiring/maintenance.ts")).createMaintenanceJobs(config, copies, log),
  );
  const resolver = createKeyResolver(parts, { cacheSize: config.keyCacheSize, staleIfErrorMs: config.staleIfErrorMs });
  const binding = config.upstream.binding;
  const limiter = (limit: RateLimit | null) =>
    limit === null ? null : createRateLimiter(limit, config.limits.periodSeconds, onError);
  const bounds = {
    mutations: "now" as const,
    readsWithinSeconds: config.policy.strongCheck === "all" ? 0 : FRESH_FOR_MS / 1_000,
    degradedReadsWithinSeconds:
      config.policy.strongCheck === "all" ? 0 : (FRESH_FOR_MS + config.staleIfErrorMs) / 1_000,
  };
  const denials = createDenialRecorder(config.db, config.denialRetentionMs, onError);
  const dryRuns = lazy(async () =>
    (await import("./store/dry-runs/recorder.ts")).createDryRunRecorder(config.db, onError),
  );
  const admin = lazy(async () => {
    const { createAdminHandler } = await import("./wiring/admin.ts");
    return createAdminHandler(config, resolver, { refused: denials, trials: await dryRuns() }, routes, bounds);
  });
  const gateway: Gateway = {
    routes,
    denials,
    dryRuns,
    operators: config.oidc === null && config.access === null ? null : lazy(() => operatorsOf(config)),
    ring: config.ring,
    keys: resolver,
    usage: createUsageRecorder(config.db, config.keyCacheSize, onError),
    identity: createIdentity(config.identityKeys, config.issuer, config.upstream.audience),
    upstream: {
      ...config.upstream,
      fetch: binding === null ? (url, call) => fetch(url, call) : (url, call) => binding.fetch(url, call),
    },
    policy: config.policy,
    limits: createRateLimits(limiter(config.limits.authFailures), limiter(config.limits.perKey)),
    log,
    now: clock.now,
    requestId: requestIds(),
    // Hono, zod and the operations of our own load with the first call that needs them: start-up stays short.
    handleAdmin: async (request, background) => {
      const answer = await (await admin())(request);
      if (request.operation.effect === "mutating")
        background(maintenance().then(({ afterChange }) => afterChange(clock.now())));
      return answer;
    },
    assets: config.assets,
    openapi: async () => (await import("./admin/openapi.json")).default,
  };
  return { door: gateway, chores: maintenance };
}

async function operatorsOf(config: Config): Promise<OperatorAuthentication> {
  const { createOperatorAuthentication: assembleOperators } = await import("./wiring/operators.ts");
  return assembleOperators(config, clock);
}

/** What is made with the first call that needs it, and kept. */
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

/** Ids unique among all isolates: a random start, made with the first call since nothing random may run before, and a count. */
function requestIds(): () => string {
  let start: string | null = null;
  let count = 0;
  return () => {
    start ??= crypto.randomUUID().replaceAll("-", "").slice(0, 20);
    count += 1;
    return `${start}-${count}`;
  };
}

let app: { readonly env: Env; readonly built: App | { readonly errors: readonly string[] } } | null = null;

/** Built once per isolate: what is remembered lives in it. */
function appFor(env: Env): App | { readonly errors: readonly string[] } {
  if (app?.env !== env) {
    const read = readConfig(env);
    app = { env, built: "config" in read ? createApp(read.config) : read };
    if ("errors" in read)
      createLog({ sample: 0, format: "json" }, clock.now, Math.random).write("config", { faults: read.errors });
  }
  return app.built;
}

export default {
  fetch(request, env, context): Response | Promise<Response> {
    const built = appFor(env);
    if ("errors" in built) {
      // Everything that is wrong is in the log; a caller learns only that nobody is let in.
      return serviceUnavailable("misconfigured", "Gatehouse is not configured; its log says why.", crypto.randomUUID());
    }
    const background: Background = (work) => context.waitUntil(work);
    return handleRequest(request, built.door, background);
  },

  async scheduled(_controller, env): Promise<void> {
    const built = appFor(env);
    if ("errors" in built) return;
    const { runScheduled: everyMinute } = await built.chores();
    await everyMinute(clock.now());
  },
} satisfies ExportedHandler<Env>;
