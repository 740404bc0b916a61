// `npm run bench`: what a call costs through Gatehouse, against the floor of its own runtime.
import { availableParallelism, cpus } from "node:os";
import { measureBundle } from "./extras/bundle.ts";
import { measureExtras } from "./extras.ts";
import { GENERATOR } from "./measure/load.ts";
import { readOptions } from "./options.ts";
import { measurePeers } from "./peers.ts";
import { lostRatios } from "./report/check.ts";
import { writePeers } from "./report/peers.ts";
import { progressEnds } from "./report/progress.ts";
import { ratioResults, tells } from "./report/ratios.ts";
import { printResults, printSamples, writeResults } from "./report/table.ts";
import { runRounds, type Samples } from "./rounds.ts";
import { makeScenarios } from "./scenarios.ts";
import { createStore, newSecrets, type Secrets } from "./setup/keys.ts";
import { pinned, stayAside } from "./setup/process.ts";
import { startGround, startServers } from "./setup/servers.ts";

const TRIES = 3;

stayAside();
const options = readOptions(process.argv.slice(2));
const secrets = await newSecrets();
if (options.check) process.exit(await checked(secrets));

const samples = options.extras.length > 0 ? new Map() : await steadyState(secrets);
const extras = options.quick
  ? await measureBundle()
  : options.only.length > 0
    ? []
    : await measureExtras(secrets, options.extras);
progressEnds();
const results = [...ratioResults(samples), ...extras];
if (samples.size > 0) printSamples(samples);
printResults(results);
if (!tells(samples))
  console.log("\nThe two equal servers came out unequal: this run says nothing. Repeat it on a quieter machine.");
const processor = cpus()[0]?.model;
const about = { at: new Date().toISOString(), generator: GENERATOR, pinned, cores: availableParallelism(), processor };
const name = options.only.length + options.extras.length > 0 || options.quick ? "quick" : "latest";
console.log(`\nwritten to ${writeResults(name, { ...about, ...options }, results, samples)}`);
if (options.peers) {
  const lines = await measurePeers(secrets, options);
  console.log(`\nwritten to ${writePeers(options.quick ? "quick.peers" : "peers", { ...about, ...options }, lines)}`);
  if (lines.some(({ fault }) => fault !== undefined)) process.exit(1);
}
process.exit(0);

async function steadyState(secrets: Secrets): Promise<Samples> {
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
  return samples;
}

/**
 * The exit code of `--check`: 1 when a ratio is lost in every run that says something. A run whose equal servers came out
 * unequal says nothing; one that has lost something is done again, since a neighbour on the machine looks like a loss.
 */
async function checked(secrets: Secrets): Promise<number> {
  let lost: readonly string[] | null = null;
  for (let attempt = 1; attempt <= TRIES && lost?.length !== 0; attempt++) {
    const samples = await steadyState(secrets);
    progressEnds();
    printSamples(samples);
    if (!tells(samples)) {
      console.log(`\ntry ${attempt} of ${TRIES} is void: two equal servers differ by more than 4 %`);
      continue;
    }
    const now = lostRatios(samples);
    lost = lost === null ? now : lost.filter((name) => now.includes(name));
  }
  if (lost === null) console.log("bench: the machine is too noisy to tell anything; nothing was checked");
  else if (lost.length === 0) console.log("bench: no ratio has lost more than 15 %");
  else console.log(`bench: lost in every run that says something: ${lost.join("; ")}`);
  return lost === null || lost.length === 0 ? 0 : 1;
}
