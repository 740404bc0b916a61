// `npm run bench`: what a call costs through Gatehouse, against the floor of its own runtime.
import { availableParallelism, cpus } from "node:os";
import { GENERATOR } from "./measure/load.ts";
import { readOptions } from "./options.ts";
import { progressEnds } from "./report/progress.ts";
import { ratioResults } from "./report/ratios.ts";
import { printResults, printSamples, writeResults } from "./report/table.ts";
import { runRounds } from "./rounds.ts";
import { makeScenarios } from "./scenarios.ts";
import { createStore, newSecrets } from "./setup/keys.ts";
import { pinned, stayAside } from "./setup/process.ts";
import { startGround, startServers } from "./setup/servers.ts";

stayAside();
const options = readOptions(process.argv.slice(2));
const secrets = await newSecrets();
const store = createStore("main", secrets.ring);
const all = await makeScenarios(store, !options.quick);
store.close();
const { only } = options;
const scenarios = only.length === 0 ? all : all.filter(({ name }) => only.some((word) => name.includes(word)));

const ground = await startGround(store.file, secrets);
const servers = await startServers(new Set(scenarios.map(({ server }) => server)), ground);
const samples = await runRounds(scenarios, servers, options);
await servers.stop();
await ground.stop();
progressEnds();

const results = ratioResults(samples);
printSamples(samples);
printResults(results);
const about = {
  at: new Date().toISOString(),
  generator: GENERATOR,
  pinned,
  cores: availableParallelism(),
  processor: cpus()[0]?.model,
};
console.log(
  `\nwritten to ${writeResults(options.quick ? "quick" : "latest", { ...about, ...options }, results, samples)}`,
);
process.exit(0);
