// Wires the jobs that run after a change and by schedule. Loaded with the first of either.
import type { Config } from "../config/config.ts";
import { errorText, type Log } from "../log.ts";
import { pruneNetworks } from "../store/api-keys/new-networks.ts";
import { createKeptHeads } from "../store/audit/kept-heads.ts";
import type { Sealed } from "../store/audit/port.ts";
import { createAuditPublisher } from "../store/audit/publisher.ts";
import { createAuditSealer } from "../store/audit/sealer.ts";
import { createDenialRepository } from "../store/denials/repository.ts";
import { createDeliveryRepository } from "../store/endpoints/deliveries.ts";
import { createReseal } from "../store/endpoints/reseal.ts";
import type { KeyCopies } from "../store/key-cache/ports.ts";
import type { Clock } from "../store/lib/timeouts.ts";
import { createWorkQueue } from "../store/lib/work-queue.ts";
import { disableIdleKeys } from "../store/maintenance/idle-keys.ts";
import { createMaintenance } from "../store/maintenance/maintenance.ts";
import { giveNotices, mailNotice, type SendMail } from "../store/maintenance/notices.ts";
import { mergeCounts } from "../store/metrics/repository.ts";
import { configureStore } from "../store/store-config.ts";
import { createEventSender } from "./events.ts";
import { storeConfig } from "./store-config.ts";

export interface Change {
  readonly accountId: string;
  /** The keys that were changed; ids of other resources are none. */
  readonly keyIds: readonly string[];
}

/** Changes of one run, and keys of them: each is one write to KV, and a request of a Worker may make a thousand. */
const MAX_CHANGES = 100;
const MAX_KEYS = 200;

export interface MaintenanceJobs {
  /**
   * Writes changed keys to KV, seals the audit log of their account, and sends its events to endpoints: once for all changes that
   * are made meanwhile. Never rejects; scheduled maintenance does what it misses, and writes the other keys that a change has
   * touched.
   */
  afterChange(change: Change, now: number): Promise<void>;
  /** Runs every job. Never rejects: an error is logged, and the next run tries again. */
  runScheduled(now: number): Promise<void>;
}

/**
 * The jobs that no request waits for.
 *
 * @param writeMetrics writes what this isolate has counted for the metrics; `null`: nothing is counted. Never rejects
 */
export function createMaintenanceJobs(
  config: Config,
  copies: KeyCopies,
  log: Log,
  clock: Clock,
  writeMetrics: ((now: number) => Promise<void>) | null,
): MaintenanceJobs {
  const maintenance = createMaintenance(config.db, copies);
  const { db, kv, ring, identityKeys: keys } = config;
  configureStore(db, storeConfig(config));
  const heads = createKeptHeads(kv, ring);
  const sealer = createAuditSealer({ db, heads, ring, keys });
  const publisher = createAuditPublisher(db, kv, heads, keys, config.auditHeads);
  const denials = createDenialRepository(config.db, config.denialRetentionMs);
  const sender = createEventSender(config, clock, log);
  const deliveries = createDeliveryRepository(db);
  const reseal = createReseal(db);

  async function seal(accountId: string, now: number): Promise<void> {
    const sealed = await sealer.sealAccount(accountId, now);
    if (sealed !== null) logSealed(log, sealed);
  }

  const afterChange = createWorkQueue<Change>(async (changes, now) => {
    const keyIds = [...new Set(changes.flatMap((change) => change.keyIds))].slice(0, MAX_KEYS);
    // Copies that were written are not logged: every change writes some.
    const sync = maintenance.syncKvCopies(keyIds).catch((error) => logError(log, "kv_write", error));
    const accounts = new Set(changes.map(({ accountId }) => accountId));
    const perAccount = [...accounts].flatMap((id) => [seal(id, now), sender.sendAccount(id)]);
    await Promise.all([sync, ...perAccount]);
  }, MAX_CHANGES);

  return {
    afterChange,
    async runScheduled(now) {
      await attempt(log, "kv_repaired", () => maintenance.syncKvCopies());
      await attempt(log, "expiries_recorded", () => maintenance.recordExpiries(now));
      await attempt(log, "idle_keys_disabled", () => disableIdleKeys(db, now));
      await attempt(log, "notices_given", () => giveAndMail(config, log, now));
      await attempt(log, "changes_pruned", () => maintenance.pruneChanges(now));
      await attempt(log, "networks_pruned", () => pruneNetworks(db, now));
      await attempt(log, "refusals_pruned", () => denials.prune(now));
      await attempt(log, "audit_sealed", async () => {
        const sealed = await sealer.sealAll(now);
        for (const one of sealed) logSealed(log, one);
        return 0;
      });
      await attempt(log, "audit_head", () => publisher.publish(now));
      await attempt(log, "endpoints_resealed", reseal);
      await attempt(log, "deliveries_pruned", () => deliveries.prune(now));
      if (writeMetrics !== null) await attempt(log, "metrics_merged", () => mergeCounts(db, now));
      // Late, since it may take long.
      await attempt(log, "events_sent", () => sender.sendAll());
      // Last, with what the other jobs have counted.
      await writeMetrics?.(clock.now());
    },
  };
}

/** Gives the notices of keys that end soon, and mails them where a binding sends mail. */
async function giveAndMail({ db, mail }: Config, log: Log, now: number): Promise<number> {
  const notices = await giveNotices(db, now);
  if (mail === null) return notices.length;
  const send = mailSender(mail);
  for (const notice of notices) {
    await mailNotice(db, send, notice, now).catch((error) => logError(log, "notice_mail", error));
  }
  return notices.length;
}

/** Sends mail by the binding. */
export function mailSender({ binding, from }: NonNullable<Config["mail"]>): SendMail {
  return (to, subject, text) => binding.send({ from, to, subject, text });
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

/** Logs the end of the chain as well: the log is out of reach of an attacker who can write to D1. */
function logSealed(log: Log, sealed: Sealed): void {
  const { accountId, end, count, findings, error } = sealed;
  if (end !== null) {
    const head = `${accountId}:${end.number}:${end.hash}`;
    log.write("upkeep", { outcome: "audit_checkpoint", account_id: accountId, resource_id: head, count });
  }
  if (findings.length > 0) log.write("fault", { reason: "audit_finding", account_id: accountId, faults: findings });
  if (error !== null) log.write("fault", { reason: "audit_seal", account_id: accountId, error: errorText(error) });
}

function logError(log: Log, reason: string, error: unknown): void {
  log.write("fault", { reason, error: errorText(error) });
}
