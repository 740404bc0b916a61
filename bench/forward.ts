// `npm run bench:forward`: what each way to forward a request costs, end to end: the raw pass-through with one thing added.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readOptions } from "./options.ts";
import { printSamples, printTable, progress, ratioOf, spreadOf, spreadText } from "./report.ts";
import { runRounds } from "./rounds.ts";
import { WORKERS } from "./setup/build.ts";
import { pinToOtherCore } from "./setup/process.ts";
import { addKey, startAll, withBackends } from "./setup/servers.ts";

pinToOtherCore();
const options = readOptions();
const script = join(WORKERS, "forward.js");
const variants = [...readFileSync(script, "utf8").matchAll(/^ {2}"?([^"\n]+?)"?: (?:async )?\(request/gm)];
const names = variants
  .map(([, name = ""]) => name)
  .filter((name) => name === "raw" || options.only.length === 0 || options.only.some((word) => name.includes(word)));

const samples = await withBackends("forward", addKey, async ({ upstream, upstreamUrl: UPSTREAM_URL }, token) => {
  const all = ["raw again", ...names];
  const varsOf = (name: string) => ({ VARIANT: name.replace(" again", ""), UPSTREAM_URL });
  const servers = await startAll(all.map((name) => ({ name, script, upstream, vars: varsOf(name) })));
  const scenarios = all.map((name) => ({ name, server: name, tokens: [token], status: 200 }));
  return runRounds(scenarios, servers, options);
});
progress("");
printSamples(samples);
const raw = samples.get("raw") ?? [];
const rows = [...samples].map(([name, rounds]) => {
  const added = spreadOf(rounds.map((round, i) => round - (raw[i] ?? 0)));
  return [name, spreadText(ratioOf(raw, rounds), 3), added.median.toFixed(1)];
});
printTable([["", "ratio to raw (least to greatest)", "adds, µs"], ...rows]);
process.exit(0);
