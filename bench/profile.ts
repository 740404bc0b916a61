// `npm run profile [-- SCENARIO]`: a CPU profile of one scenario under load. Open the .cpuprofile with the DevTools of
// Chrome or Edge, with VS Code, or with https://www.speedscope.app; the heaviest functions are printed as well.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../scripts/free-port.ts";
import { openClient } from "./measure/client.ts";
import { inspect } from "./measure/inspector.ts";
import { printTable } from "./report.ts";
import { BURST, WARM_UP_REQUESTS } from "./rounds.ts";
import { makeScenarios } from "./scenarios.ts";
import { buildGatehouse, RESULTS } from "./setup/build.ts";
import { withBackends } from "./setup/servers.ts";
import { startWorker } from "./setup/workerd.ts";

interface Profile {
  readonly nodes: readonly { id: number; callFrame: { functionName: string; lineNumber: number } }[];
  readonly samples: readonly number[];
}

const SECONDS = 5;
const [wanted = "authorized"] = process.argv.slice(2);
const fill = async (store: Parameters<typeof makeScenarios>[0]) => {
  const scenario = (await makeScenarios(store, false)).find(({ name }) => name === wanted);
  if (scenario === undefined) throw new Error(`no scenario is called "${wanted}"`);
  return scenario;
};
const profile = await withBackends("profile", fill, async ({ bindings }, scenario) => {
  const inspector = await freePort();
  const worker = await startWorker({ name: "profile", script: await buildGatehouse(false), ...bindings, inspector });
  const client = openClient(scenario, worker.port);
  await client.ready();
  await client.burst(WARM_UP_REQUESTS);
  const session = await inspect(inspector);
  await session.send("Profiler.enable");
  await session.send("Profiler.setSamplingInterval", { interval: 100 });
  await session.send("Profiler.start");
  for (const end = Date.now() + SECONDS * 1_000; Date.now() < end; ) await client.burst(BURST);
  const stopped = (await session.send("Profiler.stop")) as { profile: Profile };
  client.close();
  session.close();
  return stopped.profile;
});
const path = join(RESULTS, `${wanted.replaceAll(" ", "-")}.cpuprofile`);
writeFileSync(path, JSON.stringify(profile));

const nameOf = ({ functionName, lineNumber }: Profile["nodes"][number]["callFrame"]) =>
  functionName || `(line ${lineNumber})`;
const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
const byName = Map.groupBy(profile.samples, (id) => names.get(id) ?? "");
const countOf = (name: string) => byName.get(name)?.length ?? 0;
const share = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1).padStart(5)} %`;
const inJavaScript = profile.samples.length - countOf("(idle)") - countOf("(program)");
const heaviest = [...byName.keys()].sort((a, b) => countOf(b) - countOf(a)).slice(0, 30);
const functions = heaviest.filter((name) => name !== "(idle)" && name !== "(program)");
printTable([
  ["share of the samples", "in JavaScript and its garbage collection"],
  ...functions.map((name) => [share(countOf(name), inJavaScript), name]),
  [share(countOf("(program)"), profile.samples.length), "of all samples are workerd itself"],
]);
console.log(path);
process.exit(0);
