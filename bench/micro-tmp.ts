// `npm run bench:micro`: CPU per operation of the parts of a request, in workerd. `npm run bench:forward` shows their share
// of a whole request, which collects other garbage.
import { join } from "node:path";
import { printTable, spreadOf, spreadText } from "./report.ts";
import { bundle, WORKERS } from "./setup/build.ts";
import { createStore } from "./setup/keys.ts";
import { cpuNanoseconds, pinToOtherCore } from "./setup/process.ts";
import { startWorker } from "./setup/workerd.ts";

const ROUNDS = 7;
/** Long enough that the request around the loop does not count. */
const LOOP_NS = 60e6;

pinToOtherCore();
const store = await createStore("micro");
const vars = { KEY_RING: store.secrets.KEY_RING, TOKEN: await store.key() };
store.close();
const script = await bundle("micro", join(WORKERS, "micro.ts"));
const worker = await startWorker({ name: "micro", script, upstream: 1, vars });
const names = (await (await fetch(worker.url)).json()) as string[];
const rows = [["", `ns per operation (least to greatest of ${ROUNDS} rounds)`]];
for (const name of names.filter((n) => /route|path|table/.test(n)))
  rows.push([name, spreadText(spreadOf(await measure(name)), 0)]);
printTable(rows);
await worker.stop();
process.exit(0);

/** Nanoseconds per operation, round by round. */
async function measure(name: string): Promise<readonly number[]> {
  let count = 100;
  let spent = await loop(name, count);
  while (spent < LOOP_NS / 4) {
    count *= 4;
    spent = await loop(name, count);
  }
  count = Math.ceil((count * LOOP_NS) / spent);
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push((await loop(name, count)) / count);
  return rounds;
}

async function loop(name: string, count: number): Promise<number> {
  const before = cpuNanoseconds(worker.pid);
  await (await fetch(`${worker.url}/?piece=${encodeURIComponent(name)}&count=${count}`)).arrayBuffer();
  return cpuNanoseconds(worker.pid) - before;
}
