// The command line of `npm run bench`.
import { parseArgs } from "node:util";

export interface Options {
  readonly quick: boolean;
  readonly check: boolean;
  readonly peers: boolean;
  readonly rounds: number;
  readonly seconds: number;
  /** Only scenarios whose names contain one of these; all when empty. */
  readonly only: readonly string[];
}

const USAGE = `npm run bench -- [options]
  --quick        the floor and a few scenarios, in under a minute
  --check        with --quick: fail when a ratio is 15 % below bench/ratios.json
  --peers        other gateways beside it, those that are installed
  --rounds N     rounds (7; quick: 5)
  --seconds N    seconds per scenario and round (2; quick: 1)
  --only A,B     only scenarios with these words in their names, and no extra measurements`;

export function readOptions(args: readonly string[]): Options {
  const flag = { type: "boolean", default: false } as const;
  const text = { type: "string" } as const;
  const options = { quick: flag, check: flag, peers: flag, help: flag, rounds: text, seconds: text, only: text };
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
    seconds: Number(values.seconds ?? (quick ? 1 : 2)),
    only: (values.only ?? "").split(",").filter((word) => word !== ""),
  };
}
