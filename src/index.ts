// Puts the pieces together: adapters, clock, fetch and scheduled. No logic of its own.

import type { IssuerConfig } from "./core/issuers.ts";
import { OPERATIONS } from "./core/operations.ts";
import { compileRoutes } from "./core/routes.ts";
import { type Config, type Env, readConfig } from "./env.ts";
import { answerCall } from "./gateway/authorize.ts";
import type { AuthorisedCall, Door } from "./gateway/door.ts";
import { createIdentity } from "./gateway/identity.ts";
import { createLimits } from "./gateway/limits.ts";
import type { OperatorDoor, Trust } from "./gateway/operators.ts";
import { answerFault } from "./gateway/refuse.ts";
import { createLog, errorText, type Log } from "./log.ts";
import { createAuditSealer } from "./store/audit-seal.ts";
import type { Clock } from "./store/budget.ts";
import { createD1Keys } from "./store/d1-keys.ts";
import { createD1OperatorFinder } from "./store/d1-operators.ts";
import { createD1Refusals } from "./store/d1-refusals.ts";
import { createD1Upkeep } from "./store/d1-upkeep.ts";
import { createIssuerKeys } from "./store/jwks.ts";
import { createKvKeys } from "./store/kv-keys.ts";
import { createKeyFinder } from "./store/memory-keys.ts";
import type { AuditSealer, Background, RefusalReader, Upkeep } from "./store/ports.ts";
import { createRateLimiter } from "./store/rate-limits.ts";
import { FRESH_FOR_MS } from "./store/recollection.ts";
import { createRefusalRecorder } from "./store/refusals.ts";
import { createTrialRecorder } from "./store/trials.ts";
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
  readonly upkeep: Upkeep;
  readonly sealer: AuditSealer;
  readonly refusals: RefusalReader;
  readonly log: Log;
}

function build(config: Config): House {
  const log = createLog(config.log, clock.now, Math.random);
  const onFault = (what: string, error: unknown) => log.write("fault", { reason: what, error: errorText(error) });
  const truth = createD1Keys(config.db);
  const warm = createKvKeys(config.kv);
  const parts = { truth, changes: truth, warm, clock, random: Math.random, onFault };
  const upkeep = createD1Upkeep(config.db, warm, () => crypto.randomUUID());
  const sealer = createAuditSealer(config.db, config.identityKeys);
  const finder = createKeyFinder(parts, { records: config.records, graceMs: config.graceMs });
  const binding = config.upstream.binding;
  const limiter = (limit: RateLimit | null) =>
    limit === null ? null : createRateLimiter(limit, config.limits.periodSeconds, onFault);
  const bounds = {
    mutations: config.policy.strongCheck === "none" ? FRESH_FOR_MS / 1_000 : ("now" as const),
    readsWithinSeconds: config.policy.strongCheck === "all" ? 0 : FRESH_FOR_MS / 1_000,
    degradedReadsWithinSeconds: config.policy.strongCheck === "all" ? 0 : (FRESH_FOR_MS + config.graceMs) / 1_000,
  };
  let admin: Promise<(call: AuthorisedCall) => Promise<Response>> | null = null;
  const refused = createRefusalRecorder(config.db, config.explainMs, onFault);
  const trials = createTrialRecorder(config.db, onFault);
  const door: Door = {
    routes,
    refused,
    trials,
    operators: operatorDoor(config),
    ring: config.ring,
    keys: finder,
    usage: createD1Usage(config.db, onFault),
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
      admin ??= import("./assemble-admin.ts").then(({ assembleAdmin }) =>
        assembleAdmin(config, finder, { refused, trials }, routes, bounds),
      );
      const answer = await (await admin)(call);
      // After the commit, behind the answer: KV is told what changed. What this misses, the scheduled run repairs.
      if (call.operation.effect === "mutating") {
        background(upkeep.repairWarmCopy().catch((error) => onFault("kv_write", error)));
        background(seal(sealer, clock.now(), log));
      }
      return answer;
    },
    assets: config.assets,
    openapi: async () => (await import("./admin/openapi.json")).default,
  };
  return { door, upkeep, sealer, refusals: createD1Refusals(config.db, config.explainMs), log };
}

function operatorDoor({ oidc, access, db, policy }: Config): OperatorDoor | null {
  if (oidc === null && access === null) return null;
  const trust = (issuer: IssuerConfig | null): Trust | null =>
    issuer && {
      issuer: issuer.trusted,
      keys: createIssuerKeys({ at: issuer.keysAt, fetch: (url, init) => fetch(url, init), clock }),
    };
  const finder = createD1OperatorFinder(db);
  return { bearer: trust(oidc), access: trust(access), finder, origins: policy.origins };
}

/** The log is where a checkpoint is kept out of reach of whoever can write to D1. */
async function seal(sealer: AuditSealer, now: number, log: Log): Promise<void> {
  try {
    const checkpoint = await sealer.seal(now);
    if (checkpoint === null) return;
    const { seq, hash, sealed } = checkpoint;
    log.write("upkeep", { outcome: "audit_checkpoint", resource_id: `${seq}:${hash}`, count: sealed });
  } catch (error) {
    log.write("fault", { reason: "audit_seal", error: errorText(error) });
  }
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
  async fetch(request, env, context): Promise<Response> {
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
    const { upkeep, sealer, refusals, log } = built;
    const now = clock.now();
    const jobs = {
      kv_repaired: () => upkeep.repairWarmCopy(),
      expiries_recorded: () => upkeep.recordExpiries(now),
      changes_pruned: () => upkeep.pruneChanges(now),
      refusals_pruned: () => refusals.prune(now),
    };
    for (const [outcome, job] of Object.entries(jobs)) {
      try {
        const count = await job();
        if (count > 0) log.write("upkeep", { outcome, count });
      } catch (error) {
        // One job that fails must not keep the others from their turn; the next minute tries again.
        log.write("fault", { reason: outcome, error: errorText(error) });
      }
    }
    await seal(sealer, now, log);
  },
} satisfies ExportedHandler<Env>;
