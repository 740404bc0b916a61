// The third part of index.ts: what is done behind a change and by the minute. Loaded with the first of either.
import type { Config } from "../config.ts";
import { errorText, type Log } from "../log.ts";
import { createAuditSealer } from "../store/audit/sealer.ts";
import { createDenialRepository } from "../store/denials/repository.ts";
import type { KeyCopies } from "../store/key-cache/ports.ts";
import { createMaintenance } from "../store/maintenance/maintenance.ts";

export interface MaintenanceJobs {
  /** Behind the answer to a change: KV is told of it, the audit log sealed. Never rejects; the minute does what this misses. */
  afterChange(now: number): Promise<void>;
  /** Never rejects: what fails is written to the log, and the next minute tries again. */
  runScheduled(now: number): Promise<void>;
}

/** Everything that waits for no call. */
export function createMaintenanceJobs(config: Config, copies: KeyCopies, log: Log): MaintenanceJobs {
  const maintenance = createMaintenance(config.db, copies, () => crypto.randomUUID());
  const sealer = createAuditSealer(config.db, config.identityKeys);
  const denials = createDenialRepository(config.db, config.denialRetentionMs);

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
      const tell = maintenance.syncKvCopies().catch((error) => {
        log.write("fault", { reason: "kv_write", error: errorText(error) });
      });
      await Promise.all([tell, seal(now)]);
    },
    async runScheduled(now) {
      await attempt("kv_repaired", () => maintenance.syncKvCopies());
      await attempt("expiries_recorded", () => maintenance.recordExpiries(now));
      await attempt("changes_pruned", () => maintenance.pruneChanges(now));
      await attempt("refusals_pruned", () => denials.prune(now));
      await seal(now);
    },
  };
}
