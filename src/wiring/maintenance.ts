// Wires the jobs that run after a change and by schedule. Loaded with the first of either.
import type { Config } from "../config/config.ts";
import { errorText, type Log } from "../log.ts";
import type { AuditSealer } from "../store/audit/port.ts";
import { createAuditSealer } from "../store/audit/sealer.ts";
import { createDenialRepository } from "../store/denials/repository.ts";
import type { KeyCopies } from "../store/key-cache/ports.ts";
import { createMaintenance } from "../store/maintenance/maintenance.ts";

export interface MaintenanceJobs {
  /** Writes changed keys to KV and seals the audit log. Never rejects; scheduled maintenance does what this misses. */
  afterChange(now: number): Promise<void>;
  /** Runs every job. Never rejects: an error is logged, and the next run tries again. */
  runScheduled(now: number): Promise<void>;
}

/** The jobs that no request waits for. */
export function createMaintenanceJobs(config: Config, copies: KeyCopies, log: Log): MaintenanceJobs {
  const maintenance = createMaintenance(config.db, copies);
  const sealer = createAuditSealer(config.db, config.identityKeys);
  const denials = createDenialRepository(config.db, config.denialRetentionMs);

  return {
    async afterChange(now) {
      // Copies that were written are not logged: every change writes some.
      const sync = maintenance.syncKvCopies().catch((error) => logError(log, "kv_write", error));
      await Promise.all([sync, seal(log, sealer, now)]);
    },
    async runScheduled(now) {
      await attempt(log, "kv_repaired", () => maintenance.syncKvCopies());
      await attempt(log, "expiries_recorded", () => maintenance.recordExpiries(now));
      await attempt(log, "changes_pruned", () => maintenance.pruneChanges(now));
      await attempt(log, "refusals_pruned", () => denials.prune(now));
      await seal(log, sealer, now);
    },
  };
}

/** Runs one job; its error does not stop the jobs after it. */
async function attempt(log: Log, outcome: string, job: () => Promise<number>): Promise<void> {
  try {
    const count = await job();
    if (count > 0) log.write("upkeep", { outcome, count });
  } catch (error) {
    logError(log, outcome, error);
  }
}

/** Logs the checkpoint as well: the log is out of reach of an attacker who can write to D1. */
async function seal(log: Log, sealer: AuditSealer, now: number): Promise<void> {
  try {
    const checkpoint = await sealer.seal(now);
    if (checkpoint === null) return;
    const { seq, hash, sealed } = checkpoint;
    log.write("upkeep", { outcome: "audit_checkpoint", resource_id: `${seq}:${hash}`, count: sealed });
  } catch (error) {
    logError(log, "audit_seal", error);
  }
}

function logError(log: Log, reason: string, error: unknown): void {
  log.write("fault", { reason, error: errorText(error) });
}
