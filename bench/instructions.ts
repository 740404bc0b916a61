// `npm run bench:instructions [-- NAME ...]`: the instructions of a request, by the owner of the code. It shows a saving
// where the clock of a noisy machine cannot; `npm run bench` shows what that is in time. Needs valgrind. NAME is a scenario
// or a variant of bench/workers/forward.js.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { COMPILER, type Counts, countedBy, missing, readCounts, startCounting } from "./measure/callgrind.ts";
import { openClient } from "./measure/client.ts";
import { printTable, progress } from "./report.ts";
import { makeScenarios, type Scenario } from "./scenarios.ts";
import { WORK, WORKERS } from "./setup/build.ts";
import { type Backends, specOf, withBackends } from "./setup/servers.ts";
import { startWorker } from "./setup/workerd.ts";

/** A server takes 10 ms a request under valgrind. */
const WARM_UP_REQUESTS = 6_000;
/** Fewer do not average garbage collection out. */
const REQUESTS = 2_000;
/** Under valgrind on a busy machine, reads from storage time out, which is a 503: so often a burst is tried again. */
const ATTEMPTS = 10;
const COMPILED = "compiled JavaScript";
const DEFAULT = [
  ...["raw, at the edge", "headers, at the edge", "authorized, at the edge"],
  ...["raw", "raw again", "minimal gateway", "authorized"],
];

const why = missing();
if (why !== null) {
  console.error(why);
  process.exit(1);
}
const wanted = process.argv.length > 2 ? process.argv.slice(2) : DEFAULT;
const directory = join(WORK, "instructions");
rmSync(directory, { recursive: true, force: true });
mkdirSync(directory, { recursive: true });
const fill = (store: Parameters<typeof makeScenarios>[0]) => makeScenarios(store, true);
const counted = await withBackends("instructions", fill, async (backends, scenarios) => {
  const counts: Counts[] = [];
  for (const name of wanted) counts.push(await count(name, backends, scenarios));
  return counts;
});
progress("");

const owners = [...new Set(counted.flatMap((counts) => [...counts.keys()]))].sort();
const row = (title: string, of: (counts: Counts) => number) => {
  return [title, ...counted.map((counts) => (of(counts) / REQUESTS / 1_000).toFixed(1).padStart(12))];
};
const allOf = (counts: Counts) =>
  [...counts].reduce((sum, [owner, count]) => (owner === COMPILER ? sum : sum + count), 0);
printTable([
  ["thousands of instructions a request", ...wanted.map((name) => name.padStart(12))],
  ...owners.map((owner) => row(owner, (counts) => counts.get(owner) ?? 0)),
  row(`all but ${COMPILER}`, allOf),
  row(`and but ${COMPILED}`, (counts) => allOf(counts) - (counts.get(COMPILED) ?? 0)),
]);
process.exit(0);

async function count(name: string, backends: Backends, scenarios: readonly Scenario[]): Promise<Counts> {
  const known = scenarios.find((each) => each.name === name);
  const scenario = known ?? (scenarios.find((each) => each.name === "authorized") as Scenario);
  const { upstream, upstreamUrl } = backends;
  const vars = { VARIANT: name, UPSTREAM_URL: upstreamUrl };
  const variant = { script: join(WORKERS, "forward.js"), upstream, vars };
  const spec = known === undefined ? variant : await specOf(serverOf(known), backends);
  const out = join(directory, name.replaceAll(/\W+/g, "-"));
  progress(`${name}: starting under valgrind`);
  const worker = await startWorker({ ...spec, name: `instructions ${name}`, under: countedBy(out) });
  // One after the other: how many requests share a wake-up of the runtime must not depend on the machine.
  const client = openClient(scenario, worker.port, 1);
  const send = async (requests: number) => {
    await client.ready();
    await client.burst(requests);
  };
  for (let sent = 0; sent < WARM_UP_REQUESTS; sent += 500) {
    progress(`${name}: ${sent} of ${WARM_UP_REQUESTS} requests to warm up`);
    await persist(() => send(500));
  }
  progress(`${name}: counting`);
  await persist(() => {
    startCounting(worker.pid);
    return send(REQUESTS);
  });
  const counts = await readCounts(worker.pid, out);
  client.close();
  await worker.stop();
  return counts;
}

async function persist(send: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send();
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await delay(1_000);
    }
  }
}

/** Other sizes of the operation table and of the key cache are not compared here. */
function serverOf({ server }: Scenario): string {
  return /keys|operations/.test(server) ? "gatehouse" : server;
}
