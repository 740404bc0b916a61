// A key that is remembered nowhere, found in D1 among a thousand and among a million: the CPU of the whole call, that of the
// database included, which is what could grow.
import { openCaller } from "../measure/burst.ts";
import { cpuNanoseconds } from "../measure/cpu.ts";
import { spreadOf } from "../measure/statistics.ts";
import { progress } from "../report/progress.ts";
import type { Result } from "../report/ratios.ts";
import { ADDRESS } from "../scenarios.ts";
import { buildGatehouse } from "../setup/build.ts";
import { CLUSTERS, createStore, type Secrets } from "../setup/keys.ts";
import { type Ground, startGround } from "../setup/servers.ts";
import { startWorker, type Worker } from "../setup/workerd.ts";

const FEW = 1_000;
const MANY = 1_000_000;
const ROUNDS = 9;
const CALLS = 300;
const MOST = 1.15;

export async function measureCold(secrets: Secrets): Promise<readonly Result[]> {
  const script = buildGatehouse();
  const sides = [await side(FEW, script, secrets), await side(MANY, script, secrets)];
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    progress(`cold keys: round ${round + 1}/${ROUNDS}`);
    const [first, second] = round % 2 === 0 ? sides : sides.toReversed();
    const spent = [await first?.spend(), await second?.spend()] as number[];
    if (round > 0)
      ratios.push(((round % 2 === 0 ? spent[1] : spent[0]) ?? 0) / ((round % 2 === 0 ? spent[0] : spent[1]) ?? 0));
  }
  for (const { stop } of sides) await stop();
  const { median, min, max } = spreadOf(ratios);
  const measured = `${median.toFixed(2)} x  (${min.toFixed(2)} to ${max.toFixed(2)})`;
  const name = "cold key through D1, 1,000,000 keys to 1,000";
  return [{ name, goal: `<= ${MOST} x`, measured, met: median <= MOST }];
}

async function side(count: number, script: string, secrets: Secrets) {
  progress(`cold keys: a database with ${count} keys`);
  const store = createStore(`cold-${count}`, secrets.ring);
  const tokens: string[] = [];
  for (let i = 0; i < FEW; i++) tokens.push(await store.key());
  store.fill(count - FEW);
  store.close();
  const ground: Ground = await startGround(store.file, secrets);
  const { surroundings } = ground;
  // Room for a single key, so that every call is the first one of its key.
  const vars = { ...surroundings.vars, KEY_CACHE_SIZE: "1" };
  const worker: Worker = await startWorker({ name: `cold-${count}`, script, ...surroundings, vars });
  const headers = { "cf-connecting-ip": ADDRESS };
  const client = openCaller({ port: worker.port, path: CLUSTERS, tokens, headers, status: 200, connections: 1 });
  await client.ready();
  await client.burst(FEW);
  return {
    /** CPU of the Worker and of D1 for some calls, in nanoseconds. */
    async spend(): Promise<number> {
      await client.ready();
      const before = cpuNanoseconds(worker.pid) + cpuNanoseconds(ground.storagePid);
      await client.burst(CALLS);
      return cpuNanoseconds(worker.pid) + cpuNanoseconds(ground.storagePid) - before;
    },
    async stop() {
      client.close();
      await worker.stop();
      await ground.stop();
    },
  };
}
