// The command line of `npm run bench`.
import { parseArgs } from "node:util";

export interface Options {
  readonly quick: boolean;
  readonly check: boolean;
  readonly peers: boolean;
  readonly rounds: number;
  /** Of every scenario in every round. */
  readonly bursts: number;
  /** Only scenarios whose names contain one of these; all when empty. */
  readonly only: readonly string[];
  /** Only these of the extra measurements. */
  readonly extras: readonly string[];
}

const USAGE = `npm run bench -- [options]
  --quick        the floor and a few scenarios, in under a minute
  --check        with --quick: fail when a ratio is 15 % below bench/ratios.json
  --peers        other gateways beside it, those that are installed, and how to install the others
  --rounds N     rounds (7; quick: 5)
  --bursts N     bursts of 300 calls per scenario and round (20; quick: 8)
  --only A,B     only scenarios with these words in their names, and no extra measurements
  --extras A,B   only these of latency, bodies, cold, memory, start-up, bundle`;

export function readOptions(args: readonly string[]): Options {
  const flag = { type: "boolean", default: false } as const;
  const text = { type: "string" } as const;
  const options = {
    quick: flag,
    check: flag,
    peers: flag,
    help: flag,
    rounds: text,
    bursts: text,
    only: text,
    extras: text,
  };
  const { values } = parseArgs({ args: [...args], options });
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  const quick = values.quick || values.check;
  return {
    quick,
    check: values.check,
    peers: values.peers,
    rounds: Number(values.rounds ?? (quick ? 5 : 7)),
    bursts: Number(values.bursts ?? (quick ? 8 : 20)),
    only: listed(values.only),
    extras: listed(values.extras),
  };
}

function listed(text = ""): readonly string[] {
  return text.split(",").filter((word) => word !== "");
}
