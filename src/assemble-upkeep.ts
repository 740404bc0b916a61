// The third part of index.ts: what is done behind a change and by the minute. Loaded with the first of either.
import type { Config } from "./env.ts";
import { errorText, type Log } from "./log.ts";
import { createAuditSealer } from "./store/audit-seal.ts";
import { createD1Refusals } from "./store/d1-refusals.ts";
import { createD1Upkeep } from "./store/d1-upkeep.ts";
import type { WarmKeys } from "./store/ports.ts";

export interface Chores {
  /** Behind the answer to a change: KV is told of it, the audit log sealed. Never rejects; the minute does what this misses. */
  afterChange(now: number): Promise<void>;
  /** Never rejects: what fails is written to the log, and the next minute tries again. */
  everyMinute(now: number): Promise<void>;
}

/** Everything that waits for no call. */
export function assembleUpkeep(config: Config, warm: WarmKeys, log: Log): Chores {
  const upkeep = createD1Upkeep(config.db, warm, () => crypto.randomUUID());
  const sealer = createAuditSealer(config.db, config.identityKeys);
  const refusals = createD1Refusals(config.db, config.explainMs);

  /** One job that fails must not keep the others from their turn. */
  async function attempt(outcome: string, job: () => Promise<number>): Promise<void> {
    try {
      const count = await job();
      if (count > 0) log.write("upkeep", { outcome, count });
    } catch (error) {
      log.write("fault", { reason: outcome, error: errorText(error) });
    }
  }

  /** The log is where a checkpoint is kept out of reach of whoever can write to D1. */
  async function seal(now: number): Promise<void> {
    try {
      const checkpoint = await sealer.seal(now);
      if (checkpoint === null) return;
      const { seq, hash, sealed } = checkpoint;
      log.write("upkeep", { outcome: "audit_checkpoint", resource_id: `${seq}:${hash}`, count: sealed });
    } catch (error) {
      log.write("fault", { reason: "audit_seal", error: errorText(error) });
    }
  }

  return {
    async afterChange(now) {
      // Nothing is said of copies that were put: that is what every change comes to.
      const tell = upkeep.repairWarmCopy().catch((error) => {
        log.write("fault", { reason: "kv_write", error: errorText(error) });
      });
      await Promise.all([tell, seal(now)]);
    },
    async everyMinute(now) {
      await attempt("kv_repaired", () => upkeep.repairWarmCopy());
      await attempt("expiries_recorded", () => upkeep.recordExpiries(now));
      await attempt("changes_pruned", () => upkeep.pruneChanges(now));
      await attempt("refusals_pruned", () => refusals.prune(now));
      await seal(now);
    },
  };
}
