// What each way to forward a call costs, end to end: the raw pass-through with one thing added to it.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { spreadOf } from "./measure/statistics.ts";
import { readOptions } from "./options.ts";
import { progressEnds } from "./report/progress.ts";
import { printSamples } from "./report/table.ts";
import { runRounds } from "./rounds.ts";
import { createStore, newSecrets } from "./setup/keys.ts";
import { stayAside } from "./setup/process.ts";
import { startAll, startGround } from "./setup/servers.ts";
import { WORKERS } from "./setup/work.ts";

stayAside();
const options = readOptions(process.argv.slice(2));
const script = join(WORKERS, "forward.js");
const source = readFileSync(script, "utf8");
const listed = [...source.matchAll(/^ {2}"?([^"\n]+?)"?: (?:async )?\(request/gm)].map(([, name]) => name as string);
const names =
  options.only.length === 0
    ? listed
    : listed.filter((name) => name === "raw" || options.only.some((word) => name.includes(word)));

const secrets = await newSecrets();
const store = createStore("forward", secrets.ring);
const token = await store.key();
store.close();
const ground = await startGround(store.file, secrets);
const { upstream } = ground.surroundings;
const vars = (VARIANT: string) => ({ VARIANT, UPSTREAM_URL: ground.upstreamUrl });
const all = ["raw again", ...names];
const servers = await startAll(all.map((name) => ({ name, script, upstream, vars: vars(name.replace(" again", "")) })));
const scenarios = all.map((name) => ({ name, server: name, tokens: [token], status: 200 }));
const samples = await runRounds(scenarios, servers, options);
await servers.stop();
await ground.stop();
progressEnds();

printSamples(samples);
console.log("\nto the raw pass-through (median, least, greatest; what it adds in µs)");
const raw = samples.get("raw") ?? [];
for (const [name, rounds] of samples) {
  const ratio = spreadOf(rounds.map((round, i) => (raw[i] ?? 0) / round));
  const added = spreadOf(rounds.map((round, i) => round - (raw[i] ?? 0)));
  console.log(
    `${name.padEnd(36)} ${ratio.median.toFixed(3)}  ${ratio.min.toFixed(2)} to ${ratio.max.toFixed(2)}  ${added.median.toFixed(1).padStart(7)}`,
  );
}
process.exit(0);
