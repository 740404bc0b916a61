// Counts what a customer uses in some minutes of virtual time, by running the real code on storage that counts.
import { newIdentityKeys } from "../../scripts/secrets.ts";
import { ACCOUNT } from "../../scripts/simulate/keys.ts";
import { createRandom, EPOCH } from "../../scripts/simulate/world.ts";
import type { Config } from "../../src/config/config.ts";
import type { KeyHash } from "../../src/core/access/principal.ts";
import { DEVELOPER } from "../../src/core/access/roles.ts";
import type { Log } from "../../src/log.ts";
import { createD1Records } from "../../src/store/key-cache/d1-records.ts";
import { copyName, createKvCopies } from "../../src/store/key-cache/kv-copies.ts";
import type { Clock } from "../../src/store/lib/timeouts.ts";
import { createMaintenanceJobs } from "../../src/wiring/maintenance.ts";
import { addKeyRows } from "../setup/keys.ts";
import { type Counted, MINUTE_MS } from "./bill.ts";
import { type Customer, createTraffic } from "./customers.ts";
import { createIsolate, LAST_USE_INTERVAL_MS } from "./isolate.ts";
import { type CountingStorage, createStorage, RING } from "./storage.ts";

/** The last use of a key in use is written once in this time, and a cached record is kept as long: then isolates are warm. */
export const INTERVAL_MINUTES = LAST_USE_INTERVAL_MS / MINUTE_MS;
const WARM_UP_MINUTES = INTERVAL_MINUTES + 2;
/** Instead of a day, so that as many denials are deleted as are kept while the count lasts. */
const DENIAL_RETENTION_MS = 5 * MINUTE_MS;
const DAY_MS = 86_400_000;

export interface CountOptions {
  readonly seed: number;
  /** Counted minutes of virtual time; the minutes of the warm-up go before. */
  readonly minutes: number;
  readonly onMinute?: (done: number, of: number) => void;
}

/** Runs a customer's traffic and the scheduled maintenance, and counts. */
export async function count(customer: Customer, { seed, minutes, onMinute }: CountOptions): Promise<Counted> {
  const random = createRandom(seed);
  let now = EPOCH;
  const storage = createStorage(() => now);
  storage.database.exec(`INSERT INTO accounts (id, name, created_at) VALUES ('${ACCOUNT}', 'cost', 0)`);
  const hashes = addKeyRows(storage.database, ACCOUNT, DEVELOPER.id, customer.keys);
  // Keys that were used from the same network and country today: the first uses of a day would be extrapolated as all others.
  storage.database.exec(`INSERT INTO key_networks (key_id, place, first_day, last_day)
    SELECT api_keys.id, value, 0, iif(value = '', 9999999, ${Math.floor(EPOCH / DAY_MS)})
    FROM api_keys, json_each('["", "198.51.100.0/24", "NZ"]')`);
  // Storage answers at once, so no time limit is reached and no timer has to run.
  const clock = { now: () => Math.floor(now), after: () => () => undefined, pause: async () => undefined };
  const isolates = Array.from({ length: customer.locations * customer.isolatesEach }, () =>
    createIsolate(storage, clock, random.next, DENIAL_RETENTION_MS),
  );
  const runScheduled = await createSchedule(storage, clock);
  // The first run signs the day's checkpoint; the second one has nothing to do.
  await runScheduled(now);
  storage.reset();
  await runScheduled(now);
  const idle = { ...storage.used };
  await fillKv(storage, hashes, now, random.next);

  const nextArrival = createTraffic(customer, random);
  let arrival = nextArrival();
  let arrivesAt = EPOCH + arrival.afterMs;
  let seen = { requests: 0, denied: 0 };
  const lastMinute = WARM_UP_MINUTES + minutes;
  for (let minute = 1; minute <= lastMinute; minute += 1) {
    for (const end = EPOCH + minute * MINUTE_MS; arrivesAt < end; arrivesAt += arrival.afterMs) {
      now = arrivesAt;
      const work = isolates[arrival.isolate]?.serve(hashes[arrival.key] as KeyHash, arrival.kind);
      // Most requests have nothing to wait for, and there are hundreds of thousands.
      if (work) await work;
      seen.requests += 1;
      if (arrival.kind === "denied" || arrival.kind === "unauthenticated") seen.denied += 1;
      arrival = nextArrival();
    }
    now = EPOCH + minute * MINUTE_MS;
    await runScheduled(now);
    onMinute?.(minute, lastMinute);
    if (minute > WARM_UP_MINUTES) continue;
    storage.reset();
    seen = { requests: 0, denied: 0 };
  }
  return { minutes, ...seen, used: storage.used, idle };
}

/** The Worker's own scheduled maintenance. A job that fails ends the count. */
async function createSchedule(storage: CountingStorage, clock: Clock): Promise<(now: number) => Promise<void>> {
  const identityKeys = JSON.parse(await newIdentityKeys()).keys;
  const storages = { db: storage.db, kv: storage.kv, auditHeads: null, mail: null };
  const signIn = { policy: { blockedKeyIds: new Set<string>() }, oidc: null, access: null };
  const endpoints = { allowLoopback: false, resolverUrl: null };
  const settings = { ...signIn, endpoints, denialRetentionMs: DENIAL_RETENTION_MS };
  const config = { ...storages, ring: RING, identityKeys, ...settings } as unknown as Config;
  const log = {
    write(kind, fields) {
      if (kind === "fault") throw new Error(JSON.stringify(fields));
    },
  } as Log;
  return createMaintenanceJobs(config, createKvCopies(storage.kv, RING), log, clock, null).runScheduled;
}

/** Puts a copy of every key into KV, of a random age: every hour a twenty-fourth of them expires. */
async function fillKv(storage: CountingStorage, hashes: readonly KeyHash[], now: number, random: () => number) {
  const { db, copies } = storage;
  const [primary, writer] = [createD1Records(db), createKvCopies(storage.kv, RING)];
  for (const hash of hashes) {
    const reading = await primary.readByHash(hash);
    if (reading === null) throw new Error("a key is missing");
    await writer.put(hash, reading.copy);
    const written = copies.get(copyName(hash)) as { readonly text: string };
    copies.set(copyName(hash), { ...written, expiresAt: now + random() * DAY_MS });
  }
}
