// Puts the pieces together: adapters, clock, fetch and scheduled. No logic of its own.

import type { Chores } from "./assemble-upkeep.ts";
import { OPERATIONS } from "./core/operations.ts";
import { compileRoutes } from "./core/routes.ts";
import { type Config, type Env, readConfig } from "./env.ts";
import { answerCall } from "./gateway/authorize.ts";
import type { Door } from "./gateway/door.ts";
import { createIdentity } from "./gateway/identity.ts";
import { createLimits } from "./gateway/limits.ts";
import type { OperatorDoor } from "./gateway/operators.ts";
import { answerFault } from "./gateway/refuse.ts";
import { createLog, errorText } from "./log.ts";
import type { Clock } from "./store/budget.ts";
import { createD1Keys } from "./store/d1-keys.ts";
import { createKvKeys } from "./store/kv-keys.ts";
import { createKeyFinder } from "./store/memory-keys.ts";
import type { Background } from "./store/ports.ts";
import { createRateLimiter } from "./store/rate-limits.ts";
import { FRESH_FOR_MS } from "./store/recollection.ts";
import { createRefusalRecorder } from "./store/refusals.ts";
import { createD1Usage } from "./store/usage.ts";

const routes = compileRoutes(OPERATIONS);

const clock: Clock = {
  now: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

interface House {
  readonly door: Door;
  readonly chores: () => Promise<Chores>;
}

function build(config: Config): House {
  const log = createLog(config.log, clock.now, Math.random);
  const onFault = (what: string, error: unknown) => log.write("fault", { reason: what, error: errorText(error) });
  const truth = createD1Keys(config.db);
  const warm = createKvKeys(config.kv);
  const parts = { truth, changes: truth, warm, clock, random: Math.random, onFault };
  const chores = once(async () => (await import("./assemble-upkeep.ts")).assembleUpkeep(config, warm, log));
  const finder = createKeyFinder(parts, { records: config.records, graceMs: config.graceMs });
  const binding = config.upstream.binding;
  const limiter = (limit: RateLimit | null) =>
    limit === null ? null : createRateLimiter(limit, config.limits.periodSeconds, onFault);
  const bounds = {
    mutations: config.policy.strongCheck === "none" ? FRESH_FOR_MS / 1_000 : ("now" as const),
    readsWithinSeconds: config.policy.strongCheck === "all" ? 0 : FRESH_FOR_MS / 1_000,
    degradedReadsWithinSeconds: config.policy.strongCheck === "all" ? 0 : (FRESH_FOR_MS + config.graceMs) / 1_000,
  };
  const refused = createRefusalRecorder(config.db, config.explainMs, onFault);
  const trials = once(async () => (await import("./store/trials.ts")).createTrialRecorder(config.db, onFault));
  const admin = once(async () => {
    const { assembleAdmin } = await import("./assemble-admin.ts");
    return assembleAdmin(config, finder, { refused, trials: await trials() }, routes, bounds);
  });
  const door: Door = {
    routes,
    refused,
    trials,
    operators: config.oidc === null && config.access === null ? null : once(() => operatorsOf(config)),
    ring: config.ring,
    keys: finder,
    usage: createD1Usage(config.db, config.records, onFault),
    identity: createIdentity(config.identityKeys, config.issuer, config.upstream.audience),
    upstream: {
      ...config.upstream,
      fetch: binding === null ? (url, call) => fetch(url, call) : (url, call) => binding.fetch(url, call),
    },
    policy: config.policy,
    limits: createLimits(limiter(config.limits.badTokens), limiter(config.limits.perKey)),
    log,
    now: clock.now,
    requestId: requestIds(),
    // Hono, zod and the operations of our own load with the first call that needs them: start-up stays short.
    serve: async (call, background) => {
      const answer = await (await admin())(call);
      if (call.operation.effect === "mutating")
        background(chores().then(({ afterChange }) => afterChange(clock.now())));
      return answer;
    },
    assets: config.assets,
    openapi: async () => (await import("./admin/openapi.json")).default,
  };
  return { door, chores };
}

async function operatorsOf(config: Config): Promise<OperatorDoor> {
  const { assembleOperators } = await import("./assemble-operators.ts");
  return assembleOperators(config, clock);
}

/** What is made with the first call that needs it, and kept. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
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

let house: { readonly env: Env; readonly built: House | { readonly faults: readonly string[] } } | null = null;

/** Built once per isolate: what is remembered lives in it. */
function houseOf(env: Env): House | { readonly faults: readonly string[] } {
  if (house?.env !== env) {
    const read = readConfig(env);
    house = { env, built: "config" in read ? build(read.config) : read };
    if ("faults" in read)
      createLog({ sample: 0, format: "json" }, clock.now, Math.random).write("config", { faults: read.faults });
  }
  return house.built;
}

export default {
  fetch(request, env, context): Response | Promise<Response> {
    const built = houseOf(env);
    if ("faults" in built) {
      // Everything that is wrong is in the log; a caller learns only that nobody is let in.
      return answerFault("misconfigured", "Gatehouse is not configured; its log says why.", crypto.randomUUID());
    }
    const background: Background = (work) => context.waitUntil(work);
    return answerCall(request, built.door, background);
  },

  async scheduled(_controller, env): Promise<void> {
    const built = houseOf(env);
    if ("faults" in built) return;
    const { everyMinute } = await built.chores();
    await everyMinute(clock.now());
  },
} satisfies ExportedHandler<Env>;
