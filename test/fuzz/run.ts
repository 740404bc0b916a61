// `npm run fuzz -- [--seed N] [--requests N]`: random requests, valid and odd, for every operation of the published OpenAPI
// document. Prints every response that is 5xx or not as documented, and exits with 1 when there is one.
import { parseArgs } from "node:util";
import buildWorker from "../support/build-worker.ts";
import { fuzz } from "./play.ts";

const text = (fallback: string) => ({ type: "string", default: fallback }) as const;
const { values } = parseArgs({ options: { seed: text(String(Date.now() % 1_000_000)), requests: text("2000") } });
buildWorker();
const { findings, statuses, operations, neverDone } = await fuzz(Number(values.seed), Number(values.requests));
for (const finding of findings) console.log(finding);
const counts = Object.entries(statuses).map(([status, count]) => `${count} x ${status}`);
console.log(`seed ${values.seed}: ${values.requests} requests of ${operations} operations: ${counts.join(", ")}`);
if (neverDone.length > 0) console.log(`never successful: ${neverDone.join(", ")}`);
console.log(`${findings.length} findings`);
process.exitCode = findings.length === 0 ? 0 : 1;
