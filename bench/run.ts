// `npm run bench`: what a request costs through Gatehouse, against a plain pass-through in the same runtime.
import { availableParallelism, cpus } from "node:os";
import { measureBundle, measureExtras } from "./extras.ts";
import { measureAddedLatency } from "./latency.ts";
import { readOptions } from "./options.ts";
import { measurePeers } from "./peers.ts";
import { isValid, lostRatios, printResults, printSamples, progress, ratioResults, writeJson } from "./report.ts";
import { runRounds, type Samples } from "./rounds.ts";
import { makeScenarios } from "./scenarios.ts";
import type { Store } from "./setup/keys.ts";
import { pinned, pinToOtherCore } from "./setup/process.ts";
import { startServers, withBackends } from "./setup/servers.ts";
import { keepPreviousRun, writeDocs } from "./write-docs.ts";

const TRIES = 3;

pinToOtherCore();
const options = readOptions();
if (options.writeDocs) writeDocs();
else if (options.latency) await measureAddedLatency(options.quick);
else process.exitCode = options.check ? await checkRatios() : await runAll();
process.exit();

async function runAll(): Promise<number> {
  const { quick, only, extras, peers } = options;
  const isWhole = !quick && only.length + extras.length === 0;
  const samples = extras.length > 0 ? new Map() : await measureSteadyState();
  const measured = only.length > 0 && !quick ? [] : quick ? await measureBundle() : await measureExtras(extras);
  progress("");
  const beside = peers || isWhole ? await measurePeers(options) : null;
  const results = [...ratioResults(samples), ...measured, ...(beside?.results ?? [])];
  if (samples.size > 0) printSamples(samples);
  printResults(results);
  if (!isValid(samples)) console.log("\nThis run is void: two equal servers differ by more than 4 %.");
  const about = { at: new Date().toISOString(), pinned, cores: availableParallelism(), processor: cpus()[0]?.model };
  const run = { ...about, ...options, results, peers: beside?.peers ?? [], rounds: Object.fromEntries(samples) };
  if (isWhole) keepPreviousRun();
  console.log(`\nwritten to ${writeJson(isWhole ? "latest" : "quick", run)}`);
  return 0;
}

function measureSteadyState(): Promise<Samples> {
  const { quick, only } = options;
  const fill = (store: Store) => makeScenarios(store, !quick);
  return withBackends("main", fill, async (backends, all) => {
    const scenarios = only.length === 0 ? all : all.filter(({ name }) => only.some((word) => name.includes(word)));
    const servers = await startServers(
      scenarios.map(({ server }) => server),
      backends,
    );
    return runRounds(scenarios, servers, options);
  });
}

/**
 * The exit code of `--check`: 1 when a ratio is lost in every valid run. A run with a loss is repeated, since a neighbor on
 * the machine looks like a loss.
 */
async function checkRatios(): Promise<number> {
  let lost: readonly string[] | null = null;
  for (let attempt = 1; attempt <= TRIES && lost?.length !== 0; attempt++) {
    const samples = await measureSteadyState();
    progress("");
    printSamples(samples);
    if (!isValid(samples)) {
      console.log(`\ntry ${attempt} of ${TRIES} is void: two equal servers differ by more than 4 %`);
      continue;
    }
    const now = lostRatios(samples);
    lost = lost === null ? now : lost.filter((name) => now.includes(name));
  }
  if (lost === null) console.log("bench: the machine is too noisy; nothing was checked");
  else if (lost.length === 0) console.log("bench: no ratio has lost more than 15 %");
  else console.log(`bench: lost in every valid run: ${lost.join("; ")}`);
  return lost === null || lost.length === 0 ? 0 : 1;
}
