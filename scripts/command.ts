// What the commands of an operator have in common: their options, and how they end.
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { keep } from "./private-files.ts";
import { type Target, targetOf } from "./target.ts";
import { ROOT } from "./wrangler.ts";

const OPTIONS = {
  local: { type: "boolean" },
  remote: { type: "boolean" },
  "dry-run": { type: "boolean", default: false },
  secrets: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

export const COMMON_USAGE = `
--local       the state of npm start
--remote      the deployment that wrangler.toml names
--dry-run     says what would be done, and changes nothing
--secrets     the file with KEY_RING and IDENTITY_KEYS: .dev.vars of npm start, .deployment.vars of a deployment; what it lacks
              is taken from the environment
`;

export type Values = Readonly<Record<string, string | boolean | undefined>>;

export interface Command {
  readonly words: readonly string[];
  readonly values: Values;
  readonly target: Target;
  readonly dryRun: boolean;
}

interface Definition {
  readonly usage: string;
  /** Options with a value, besides those of every command. */
  readonly options?: readonly string[];
  /** Options without a value. */
  readonly flags?: readonly string[];
  /** Where it works when neither --local nor --remote is given; `local` by default. */
  readonly remoteByDefault?: boolean;
  /** @throws Error with a sentence for the operator. Nothing was done that was not said before. */
  readonly run: (command: Command) => Promise<void>;
}

/** Thrown for arguments that make no sense: the usage is shown. */
export class UsageError extends Error {}

/** Runs a command to its end, with the arguments of this process. Exits with 2 when it cannot be carried out. */
export async function runCommand({ usage, options = [], flags = [], remoteByDefault = false, run }: Definition) {
  const more = [...options.map((name) => [name, "string"]), ...flags.map((name) => [name, "boolean"])];
  try {
    const { values, positionals } = parseArgs({
      options: { ...OPTIONS, ...Object.fromEntries(more.map(([name, type]) => [name, { type }])) } as typeof OPTIONS,
      allowPositionals: true,
    });
    if (values.help) return void say(usage + COMMON_USAGE);
    if (values.local && values.remote) throw new UsageError("--local or --remote, not both");
    const remote = values.remote ?? (remoteByDefault && !values.local);
    const target = targetOf(remote, values.secrets);
    await run({ words: positionals, values, target, dryRun: values["dry-run"] }).finally(() => target.close());
  } catch (error) {
    const usageIsWanted =
      error instanceof UsageError || (error as { code?: string }).code?.startsWith("ERR_PARSE_ARGS");
    process.stderr.write(`${(error as Error).message}\n${usageIsWanted ? `\n${usage}${COMMON_USAGE}` : ""}`);
    process.exitCode = 2;
  }
}

export function say(text: string): void {
  process.stdout.write(`${text.trimEnd()}\n`);
}

/**
 * Where a new key goes: a file, or the terminal. To be called before the key is made, so that none is lost.
 *
 * @param file the operator's choice
 * @returns takes the key
 * @throws Error when there is neither a file nor a terminal, or the file exists
 */
export function placeForKey(file: string | boolean | undefined): (token: string) => void {
  if (typeof file !== "string") {
    if (process.stdout.isTTY) return (token) => say(`The key, shown this once:\n${token}`);
    throw new Error("The output is no terminal: name a file for the key with --key-file. Nothing was done.");
  }
  const path = file.startsWith("/") ? file : ROOT + file;
  if (existsSync(path)) throw new Error(`${file} exists already. Nothing was done.`);
  return (token) => {
    keep(path, `${token}\n`);
    say(`The key is in ${file} (mode 0600).`);
  };
}
