// What a caller waits for who makes one call at a time: medians of short runs, the two servers in turns.
import { join } from "node:path";
import { load } from "../measure/load.ts";
import { spreadOf } from "../measure/statistics.ts";
import { progress } from "../report/progress.ts";
import type { Result } from "../report/ratios.ts";
import { ADDRESS } from "../scenarios.ts";
import { buildGatehouse } from "../setup/build.ts";
import { CLUSTERS, createStore, type Secrets } from "../setup/keys.ts";
import { startAll, startGround } from "../setup/servers.ts";
import { WORKERS } from "../setup/work.ts";

const ROUNDS = 9;
const SECONDS = 1;
const MOST_MICROSECONDS = 60;

export async function measureLatency(secrets: Secrets): Promise<readonly Result[]> {
  const store = createStore("latency", secrets.ring);
  const token = await store.key();
  store.close();
  const ground = await startGround(store.file, secrets);
  const { surroundings } = ground;
  const servers = await startAll([
    { name: "latency", script: buildGatehouse(), ...surroundings },
    { name: "latency-raw", script: join(WORKERS, "raw.js"), upstream: surroundings.upstream },
  ]);
  const headers = { accept: "application/json", "user-agent": "bench", "cf-connecting-ip": ADDRESS };
  const p50 = async (name: string): Promise<number> => {
    const url = servers.get(name).url + CLUSTERS;
    const outcome = await load({ url, tokens: [token], headers, connections: 1, seconds: SECONDS });
    if (outcome.refused + outcome.broken > 0) throw new Error(`${name}: ${JSON.stringify(outcome)}`);
    return outcome.p50;
  };
  const added: number[] = [];
  for (let round = -1; round < ROUNDS; round++) {
    progress(`latency: round ${round + 1}/${ROUNDS}`);
    const ours = await p50("latency");
    const raw = await p50("latency-raw");
    if (round >= 0) added.push(ours - raw);
  }
  await servers.stop();
  await ground.stop();
  const { median, min, max } = spreadOf(added);
  const measured = `${median.toFixed(0)} µs  (${min.toFixed(0)} to ${max.toFixed(0)})`;
  const name = "added median latency at concurrency 1";
  return [{ name, goal: `<= ${MOST_MICROSECONDS} µs`, measured, met: median <= MOST_MICROSECONDS }];
}
