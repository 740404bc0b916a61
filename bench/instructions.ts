// `npm run bench:instructions`: how many instructions a call takes, and whose. It tells what a change has saved where the clock
// of a noisy machine cannot; what that is worth in time, only `npm run bench` says. Needs valgrind.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openCaller } from "./measure/burst.ts";
import { type Counts, countedBy, missing, readCounts, startCounting } from "./measure/callgrind.ts";
import { progress, progressEnds } from "./report/progress.ts";
import { headersOf } from "./rounds.ts";
import { makeScenarios, type Scenario } from "./scenarios.ts";
import { buildGatehouse } from "./setup/build.ts";
import { CLUSTERS, createStore, newSecrets } from "./setup/keys.ts";
import { startGround } from "./setup/servers.ts";
import { WORK, WORKERS } from "./setup/work.ts";
import { startWorker, type WorkerSpec } from "./setup/workerd.ts";

/** A server takes 10 ms a call under valgrind. */
const WARM_UP_CALLS = 6_000;
const CALLS = 600;
const COMPILED = "compiled JavaScript";

const why = missing();
if (why !== null) {
  console.error(why);
  process.exit(1);
}
const wanted = process.argv.slice(2);
const secrets = await newSecrets();
const store = createStore("instructions", secrets.ring);
const scenarios = await makeScenarios(store, true);
store.close();
const ground = await startGround(store.file, secrets);
const { upstream } = ground.surroundings;
const forward = join(WORKERS, "forward.js");
const vars = { VARIANT: "what cannot go", UPSTREAM_URL: ground.upstreamUrl };
const good = scenarios.find(({ name }) => name === "authorised") as Scenario;
/** What is counted unless something else is asked for: by the name of a scenario, or a way of bench/workers/forward.js. */
const DEFAULT = ["raw", "raw again", "what cannot go", "authorised"];
const directory = join(WORK, "instructions");
rmSync(directory, { recursive: true, force: true });
mkdirSync(directory, { recursive: true });

const counted = new Map<string, Counts>();
for (const name of wanted.length === 0 ? DEFAULT : wanted) counted.set(name, await count(name));
await ground.stop();
progressEnds();

const owners = [...new Set([...counted.values()].flatMap((counts) => [...counts.keys()]))].sort();
const row = (title: string, values: readonly (number | string)[]) =>
  console.log(title.padEnd(36), ...values.map((value) => String(value).padStart(Math.max(14, longest + 2))));
const longest = Math.max(...[...counted.keys()].map((name) => name.length));
row("thousands of instructions a call", [...counted.keys()]);
for (const owner of owners)
  row(
    owner,
    [...counted.values()].map((counts) => thousands(counts.get(owner) ?? 0)),
  );
row(
  "all",
  [...counted.values()].map((counts) => thousands(allOf(counts))),
);
row(
  `all but ${COMPILED}`,
  [...counted.values()].map((counts) => thousands(allOf(counts) - (counts.get(COMPILED) ?? 0))),
);
process.exit(0);

function allOf(counts: Counts): number {
  return [...counts.values()].reduce((sum, each) => sum + each, 0);
}

function thousands(instructions: number): string {
  return (instructions / CALLS / 1_000).toFixed(1);
}

async function count(name: string): Promise<Counts> {
  const scenario = scenarios.find((each) => each.name === name);
  const spec = specOf(name, scenario);
  const out = join(directory, name.replaceAll(/\W+/g, "-"));
  progress(`${name}: starting under valgrind`);
  const worker = await startWorker({ ...spec, name: `instructions ${name}`, under: countedBy(out) });
  const called = scenario ?? good;
  const { tokens, status, path = CLUSTERS } = called;
  const { port, pid } = worker;
  // One after the other: how many calls share a wake-up of the runtime must not depend on the machine.
  const client = openCaller({ port, path, tokens, status, headers: headersOf(called), connections: 1 });
  await client.ready();
  for (let made = 0; made < WARM_UP_CALLS; made += 500) {
    progress(`${name}: ${made} of ${WARM_UP_CALLS} calls to warm up`);
    await client.burst(500);
    await client.ready();
  }
  progress(`${name}: counting`);
  startCounting(pid);
  await client.burst(CALLS);
  const counts = await readCounts(pid, out);
  client.close();
  await worker.stop();
  return counts;
}

function specOf(name: string, scenario: Scenario | undefined): Omit<WorkerSpec, "name"> {
  if (scenario === undefined) return { script: forward, upstream, vars: { ...vars, VARIANT: name } };
  const floors: Readonly<Record<string, string>> = {
    raw: "raw.js",
    "raw again": "raw.js",
    headers: "headers.js",
    "constant 401": "constant-401.js",
  };
  const floor = floors[scenario.server];
  if (floor !== undefined) return { script: join(WORKERS, floor), upstream };
  return { script: buildGatehouse(), ...ground.surroundings };
}
