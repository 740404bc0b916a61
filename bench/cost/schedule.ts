// What the schedule runs every minute, as `everyMinute` of src/assemble-upkeep.ts does; here a fault ends the count.

import { newIdentityKeys } from "../../scripts/secrets.ts";
import { createAuditSealer } from "../../src/store/audit-seal.ts";
import { createD1Refusals } from "../../src/store/d1-refusals.ts";
import { createD1Upkeep } from "../../src/store/d1-upkeep.ts";
import { createKvKeys } from "../../src/store/kv-keys.ts";
import type { Storage } from "./storage.ts";

/** One run of the scheduled handler on this storage. */
export async function createSchedule(
  storage: Storage,
  keepRefusalsForMs: number,
): Promise<(now: number) => Promise<void>> {
  const upkeep = createD1Upkeep(storage.db, createKvKeys(storage.kv), () => crypto.randomUUID());
  const refusals = createD1Refusals(storage.db, keepRefusalsForMs);
  const sealer = createAuditSealer(storage.db, JSON.parse(await newIdentityKeys()).keys);
  return async (now) => {
    await upkeep.repairWarmCopy();
    await upkeep.recordExpiries(now);
    await upkeep.pruneChanges(now);
    await refusals.prune(now);
    await sealer.seal(now);
  };
}
