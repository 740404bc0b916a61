// CPU from nothing to the first answer, beside a Worker that does nothing.
import { join } from "node:path";
import { cpuNanoseconds } from "../measure/cpu.ts";
import { spreadOf } from "../measure/statistics.ts";
import { progress } from "../report/progress.ts";
import type { Result } from "../report/ratios.ts";
import { buildGatehouse } from "../setup/build.ts";
import { createStore, type Secrets } from "../setup/keys.ts";
import { startGround } from "../setup/servers.ts";
import { WORKERS } from "../setup/work.ts";
import { startWorker, type WorkerSpec } from "../setup/workerd.ts";

const STARTS = 11;
const MOST_MS = 15;

export async function measureStartUp(secrets: Secrets): Promise<readonly Result[]> {
  const store = createStore("start-up", secrets.ring);
  store.close();
  const ground = await startGround(store.file, secrets);
  const { surroundings } = ground;
  const gatehouse: WorkerSpec = { name: "start-up", script: buildGatehouse(), ...surroundings };
  // The same bindings: only the script differs.
  const empty: WorkerSpec = { ...gatehouse, name: "start-up-empty", script: join(WORKERS, "empty.js") };
  const added: number[] = [];
  for (let i = 0; i < STARTS; i++) {
    progress(`start-up ${i + 1}/${STARTS}`);
    // The first answer, a refusal without a look-up, is a part of it: the house is built with the first call.
    const first = await startOnce(i % 2 === 0 ? gatehouse : empty);
    const second = await startOnce(i % 2 === 0 ? empty : gatehouse);
    added.push(i % 2 === 0 ? first - second : second - first);
  }
  await ground.stop();
  const { median, min, max } = spreadOf(added);
  const measured = `${median.toFixed(1)} ms  (${min.toFixed(1)} to ${max.toFixed(1)})`;
  return [
    { name: "start-up, CPU added to an empty Worker", goal: `<= ${MOST_MS} ms`, measured, met: median <= MOST_MS },
  ];
}

async function startOnce(spec: WorkerSpec): Promise<number> {
  const worker = await startWorker(spec);
  const spent = cpuNanoseconds(worker.pid) / 1e6;
  await worker.stop();
  return spent;
}
