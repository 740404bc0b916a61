// What goes wrong in a run besides slow and failing statements: isolates are cut off, replaced and idle, their clocks are
// corrected, D1 is restored to an earlier time, and maintenance runs all the while.
import { createMaintenance } from "../../src/store/maintenance/maintenance.ts";
import { settle } from "./changes.ts";
import { type Isolate, SKEW_MS } from "./isolate.ts";
import { noteTrouble } from "./link.ts";
import { sendRequest } from "./requests.ts";
import type { Scene } from "./scene.ts";

/** Lines of the change log are pruned this soon: copies in KV and isolates that are cut off outlive them. */
const LOG_RETENTION_MS = 90_000;
/** That of src/store/maintenance. */
const REAL_RETENTION_MS = 25 * 3_600_000;

export function cutOff({ random, world }: Scene, { link }: Isolate): void {
  if (world.now < link.cutOffUntil) return;
  link.cutOffUntil = world.now + random.between(5_000, 200_000);
  link.silent = random.happens(0.3);
}

/** No request comes for a while: what is fresh then, is not when the next ones come, all at once. */
export function letIdle(scene: Scene, isolate: Isolate): void {
  const { random, world, hot } = scene;
  if (world.now < isolate.idleUntil) return;
  const forMs = random.between(5_000, 60_000);
  isolate.idleUntil = world.now + forMs;
  world.after(forMs, () => {
    for (let i = 0; i < BURST && hot.length > 0; i += 1) sendRequest(scene, isolate, random.pick(hot).key, "read");
  });
}

const BURST = 10;

/** Sets a clock wrong by up to an hour, ahead or behind; or right again. */
export function stepClock({ random, world }: Scene, { clock, link, idleUntil }: Isolate): void {
  // An idle isolate cannot notice it: docs/operating.md.
  if (world.now < idleUntil + 1_000) return;
  const isWrong = Math.abs(clock.skewMs) > SKEW_MS;
  const wrong = random.pick([-1, 1]) * random.between(60_000, 3_600_000);
  clock.skewMs = isWrong ? random.between(-SKEW_MS, SKEW_MS) : wrong;
  // What is under way may be out of time at once. It notices the step with its next request, and starts over.
  noteTrouble(link, world.now);
  Object.assign(link, { steppedAt: world.now, knownSeq: 0, earlyAt: world.now + 60_000 });
}

export async function maintain({ random }: Scene, isolate: Isolate): Promise<void> {
  const maintenance = createMaintenance(isolate.connect(), isolate.copies);
  const now = isolate.clock.now();
  const jobs = [
    () => maintenance.syncKvCopies(),
    () => maintenance.recordExpiries(now),
    () => maintenance.pruneChanges(now + REAL_RETENTION_MS - LOG_RETENTION_MS),
  ];
  // Another run may have begun meanwhile, in another isolate.
  for (const job of random.happens(0.5) ? jobs : jobs.toReversed()) await job().catch(() => undefined);
}

/** D1 goes back by up to half a minute. Whatever has ended since then stays so, as `npm run restore` sees to. */
export function restore(scene: Scene): void {
  const { world, random, database, isolates } = scene;
  database.markPoint();
  world.after(random.between(1_000, 30_000), () => {
    if (random.happens(0.3)) return database.forgetPoint();
    const ended = database.transact([{ sql: ENDED, values: [] }])[0]?.results ?? [];
    database.rollBack([
      ...ended.map(({ id, revoked, disabled }) => ({
        sql: END_AGAIN,
        values: [revoked as number, disabled as number, String(id)],
      })),
      { sql: NEW_RANGE, values: [] },
    ]);
    settle(scene, scene);
    for (const { state } of scene.ended) state.isUndone = true;
    for (const { link } of isolates) link.earlyAt = world.now + 15_000;
  });
}

const ENDED = `SELECT id, revoked_at AS revoked, disabled_at AS disabled FROM api_keys
  WHERE revoked_at IS NOT NULL OR disabled_at IS NOT NULL ORDER BY rowid DESC LIMIT 400`;
const END_AGAIN = `UPDATE api_keys SET revoked_at = ifnull(revoked_at, ?1), disabled_at = ifnull(disabled_at, ?2),
  version = version + 1, kv_pending = version + 1
  WHERE id = ?3 AND (revoked_at IS NULL AND ?1 IS NOT NULL OR disabled_at IS NULL AND ?2 IS NOT NULL)`;
/** docs/operating.md: no position in the change log is used twice. */
const NEW_RANGE = `INSERT INTO key_changes (seq, key_id, version, at)
  SELECT max(seq) + 1000000000, NULL, 0, max(at) FROM key_changes`;

/** The expiries that were recorded more than once. */
export function countDoubleExpiries({ database }: Scene): number {
  return database.transact([{ sql: DOUBLE_EXPIRIES, values: [] }])[0]?.results.length ?? 0;
}

const DOUBLE_EXPIRIES = `SELECT resource_id FROM audit_events WHERE event_type = 'EXPIRE' GROUP BY resource_id HAVING count(*) > 1`;
