// What the schedule runs every minute, as `everyMinute` of src/wiring/maintenance.ts does; here a fault ends the count.

import { newIdentityKeys } from "../../scripts/secrets.ts";
import { createAuditSealer } from "../../src/store/audit/sealer.ts";
import { createDenialRepository } from "../../src/store/denials/repository.ts";
import { createKvCopies } from "../../src/store/key-cache/kv-copies.ts";
import { createMaintenance } from "../../src/store/maintenance/maintenance.ts";
import type { Storage } from "./storage.ts";

/** One run of the scheduled handler on this storage. */
export async function createSchedule(
  storage: Storage,
  keepRefusalsForMs: number,
): Promise<(now: number) => Promise<void>> {
  const maintenance = createMaintenance(storage.db, createKvCopies(storage.kv));
  const refusals = createDenialRepository(storage.db, keepRefusalsForMs);
  const sealer = createAuditSealer(storage.db, JSON.parse(await newIdentityKeys()).keys);
  return async (now) => {
    await maintenance.syncKvCopies();
    await maintenance.recordExpiries(now);
    await maintenance.pruneChanges(now);
    await refusals.prune(now);
    await sealer.seal(now);
  };
}
