// The load of wrk.lua by autocannon, for machines without wrk; says how it went in the same line of JSON.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

interface Result {
  readonly requests: { readonly total: number };
  readonly latency: { readonly p50: number; readonly p99: number };
  readonly duration: number;
  readonly non2xx: number;
  readonly errors: number;
  readonly timeouts: number;
}
// A CommonJS package without types of its own.
const autocannon = createRequire(import.meta.url)("autocannon") as (options: object) => Promise<Result>;

const [url = "", connections = "", seconds = "", tokenFile = "", headerFile = ""] = process.argv.slice(2);
const lines = (file: string) => readFileSync(file, "utf8").trim().split("\n");
const headers = Object.fromEntries(lines(headerFile).map((line) => line.split(": ", 2)));
const requests = lines(tokenFile).map((token) => ({
  method: "GET",
  path: new URL(url).pathname,
  headers: token === "-" ? headers : { ...headers, authorization: `Bearer ${token}` },
}));
const run = await autocannon({ url, connections: Number(connections), duration: Number(seconds), requests });
const { requests: made, latency, duration, non2xx, errors, timeouts } = run;
const [p50, p99] = [latency.p50 * 1_000, latency.p99 * 1_000];
const outcome = { calls: made.total, seconds: duration, p50, p99, refused: non2xx, broken: errors + timeouts };
console.log(`result ${JSON.stringify(outcome)}`);
