// `npm run bench:micro`: CPU per operation of the pieces of a call, in workerd. For what they come to in a whole call,
// whose garbage is another, there is `npm run bench:forward`.
import { join } from "node:path";
import { cpuNanoseconds } from "./measure/cpu.ts";
import { type Spread, spreadOf } from "./measure/statistics.ts";
import { bundle } from "./setup/build.ts";
import { createStore, newSecrets } from "./setup/keys.ts";
import { stayAside } from "./setup/process.ts";
import { WORKERS } from "./setup/work.ts";
import { startWorker, type Worker } from "./setup/workerd.ts";

const ROUNDS = 7;
/** Long enough that the request around the loop does not count. */
const LOOP_MS = 60;

stayAside();
const secrets = await newSecrets();
const store = createStore("micro", secrets.ring);
const TOKEN = await store.key();
store.close();
const script = await bundle("micro", join(WORKERS, "micro.ts"));
const vars = { KEY_RING: secrets.KEY_RING, TOKEN };
const worker = await startWorker({ name: "micro", script, upstream: 1, vars });
const names = (await (await fetch(worker.url)).json()) as string[];
console.log(`${"".padEnd(34)}ns per operation (least to greatest of ${ROUNDS} rounds)`);
for (const name of names) {
  const { median, min, max } = await measure(worker, name);
  console.log(`${name.padEnd(34)}${median.toFixed(0).padStart(8)}  (${min.toFixed(0)} to ${max.toFixed(0)})`);
}
await worker.stop();
process.exit(0);

async function measure(worker: Worker, name: string): Promise<Spread> {
  let count = 1_000;
  let spent = await loop(worker, name, count);
  while (spent < (LOOP_MS * 1e6) / 4) {
    count *= 4;
    spent = await loop(worker, name, count);
  }
  count = Math.ceil((count * LOOP_MS * 1e6) / spent);
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push((await loop(worker, name, count)) / count);
  return spreadOf(rounds);
}

async function loop({ url, pid }: Worker, name: string, count: number): Promise<number> {
  const before = cpuNanoseconds(pid);
  await (await fetch(`${url}/?piece=${encodeURIComponent(name)}&count=${count}`)).arrayBuffer();
  return cpuNanoseconds(pid) - before;
}
