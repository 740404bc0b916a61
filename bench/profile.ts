// `npm run profile`: a CPU profile of one kind of call under load. Open the .cpuprofile with the DevTools of Chrome or
// Edge, with VS Code, or with https://www.speedscope.app; the heaviest functions are printed as well.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "./measure/inspector.ts";
import { load } from "./measure/load.ts";
import { ADDRESS, makeScenarios } from "./scenarios.ts";
import { buildGatehouse } from "./setup/build.ts";
import { CLUSTERS, createStore, newSecrets } from "./setup/keys.ts";
import { freePort } from "./setup/process.ts";
import { startGround } from "./setup/servers.ts";
import { RESULTS } from "./setup/work.ts";
import { startWorker } from "./setup/workerd.ts";

interface Profile {
  readonly nodes: readonly { id: number; callFrame: { functionName: string; lineNumber: number } }[];
  readonly samples: readonly number[];
}

const SECONDS = 5;
const [wanted = "authorised"] = process.argv.slice(2);
const secrets = await newSecrets();
const store = createStore("profile", secrets.ring);
const scenario = (await makeScenarios(store, false)).find(({ name }) => name === wanted);
store.close();
if (scenario === undefined) throw new Error(`there is no scenario called "${wanted}"`);

const ground = await startGround(store.file, secrets);
const inspector = await freePort();
const script = buildGatehouse(false);
const worker = await startWorker({ name: "profile", script, ...ground.surroundings, inspector });
const headers = { accept: "application/json", "user-agent": "bench", "cf-connecting-ip": ADDRESS };
const calls = { url: worker.url + CLUSTERS, tokens: scenario.tokens, headers, connections: 32, seconds: SECONDS };
await load({ ...calls, seconds: 2 });
const session = await inspect(inspector);
await session.send("Profiler.enable");
await session.send("Profiler.setSamplingInterval", { interval: 100 });
await session.send("Profiler.start");
const outcome = await load(calls);
const { profile } = (await session.send("Profiler.stop")) as { profile: Profile };
session.close();
await worker.stop();
await ground.stop();

mkdirSync(RESULTS, { recursive: true });
const path = join(RESULTS, `${wanted.replaceAll(" ", "-")}.cpuprofile`);
writeFileSync(path, JSON.stringify(profile));
const names = new Map(
  profile.nodes.map(({ id, callFrame }) => [id, callFrame.functionName || `(line ${callFrame.lineNumber})`]),
);
const counts = new Map<string, number>();
for (const id of profile.samples) counts.set(names.get(id) ?? "", (counts.get(names.get(id) ?? "") ?? 0) + 1);
const awake = profile.samples.length - (counts.get("(idle)") ?? 0) - (counts.get("(program)") ?? 0);
console.log(
  `${outcome.calls} calls in ${outcome.seconds.toFixed(1)} s; share of the samples in JavaScript and its garbage:`,
);
for (const [name, count] of [...counts].sort(([, a], [, b]) => b - a).slice(0, 30)) {
  if (name !== "(idle)" && name !== "(program)")
    console.log(`${((100 * count) / awake).toFixed(1).padStart(6)} %  ${name}`);
}
console.log(
  `(program) is ${((100 * (counts.get("(program)") ?? 0)) / profile.samples.length).toFixed(0)} % of all samples: workerd itself`,
);
console.log(path);
process.exit(0);
