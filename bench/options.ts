// The command line of `npm run bench` and `npm run bench:forward`.
import { parseArgs } from "node:util";
import type { Pace } from "./rounds.ts";

export interface Options extends Pace {
  readonly quick: boolean;
  readonly check: boolean;
  /** In a quick run as well; a whole run has them in any case. */
  readonly peers: boolean;
  readonly writeDocs: boolean;
  /** Added latency with delays of storage and upstream, and nothing else. */
  readonly latency: boolean;
  /** Only scenarios whose names contain one of these; all when empty. */
  readonly only: readonly string[];
  /** Only these of the extra measurements. */
  readonly extras: readonly string[];
}

const USAGE = `npm run bench -- [options]
  --quick        the pass-throughs and a few scenarios, in under a minute
  --check        with --quick: fail when a ratio is 15 % below bench/ratios.json
  --peers        Hono, and HAProxy where it is installed, beside Gatehouse: also with --quick
  --latency      only: the latency added when D1 is 60 and 200 ms away; six minutes, --quick: two
  --write-docs   no run: the last two whole runs into docs/performance.md
  --rounds N     rounds (7; quick: 5)
  --bursts N     bursts of 300 requests per scenario and round (20; quick: 8)
  --only A,B     only scenarios with these words in their names, and no extra measurements
  --extras A,B   only these of latency, bodies, cold, first, many, memory, start-up, bundle`;

export function readOptions(): Options {
  const flag = { type: "boolean", default: false } as const;
  const text = { type: "string", default: "" } as const;
  const flags = { quick: flag, check: flag, peers: flag, latency: flag, "write-docs": flag, help: flag };
  const { values } = parseArgs({ options: { ...flags, rounds: text, bursts: text, only: text, extras: text } });
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  const quick = values.quick || values.check;
  return {
    quick,
    check: values.check,
    peers: values.peers,
    latency: values.latency,
    writeDocs: values["write-docs"],
    rounds: Number(values.rounds || (quick ? 5 : 7)),
    bursts: Number(values.bursts || (quick ? 8 : 20)),
    only: values.only.split(",").filter(Boolean),
    extras: values.extras.split(",").filter(Boolean),
  };
}
