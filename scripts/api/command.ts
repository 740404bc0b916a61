// What the two commands for OpenAPI documents have in common: their arguments, where tables are, and how they end.
import { basename, resolve } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "../wrangler.ts";

const OPTIONS = {
  name: { type: "string" },
  prefix: { type: "string" },
  into: { type: "string" },
  "make-ids": { type: "boolean", default: false },
  force: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

export interface ApiCommand {
  readonly source: string;
  readonly name: string | undefined;
  readonly prefix: string | undefined;
  readonly makeIds: boolean;
  readonly force: boolean;
  /** Of the environment, as the Worker will have it. */
  readonly managementPrefix: string | undefined;
  /** The folder of an API. */
  readonly folderOf: (name: string) => string;
  /** The options that say how the document is read, as they are given again. */
  readonly reading: string;
  /** The arguments as they go into a file: of a document only its name, of an address neither its credentials nor its query. */
  readonly text: string;
}

/**
 * Runs a command to its end, with the arguments of this process.
 *
 * @param run its result is the exit code; what it throws is printed, and ends the process with 1
 */
export async function runApiCommand(usage: string, run: (command: ApiCommand) => Promise<number>): Promise<void> {
  let command: ApiCommand | null;
  try {
    command = commandOf(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`);
    process.exitCode = 2;
    return;
  }
  if (command === null) {
    process.stdout.write(usage);
    return;
  }
  try {
    process.exitCode = await run(command);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\nNothing was changed.\n`);
    process.exitCode = 1;
  }
}

function commandOf(args: readonly string[]): ApiCommand | null {
  const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  if (values.help) return null;
  const [source, ...more] = positionals;
  if (source === undefined || more.length > 0) throw new Error("Name one document: a file or an address.");
  const { name, prefix, into = "api", force, "make-ids": makeIds } = values;
  const reading = [...(prefix === undefined ? [] : [`--prefix ${prefix}`]), ...(makeIds ? ["--make-ids"] : [])];
  const options = [...(name === undefined ? [] : [`--name ${name}`]), ...reading];
  const text = [publicName(source), ...options].join(" ").replace(/\s+/g, " ");
  const managementPrefix = process.env.MANAGEMENT_PREFIX || undefined;
  return {
    ...{ source, name, prefix, makeIds, force, managementPrefix, text, reading: reading.join(" ") },
    folderOf: (api) => resolve(ROOT, into, api),
  };
}

function publicName(source: string): string {
  if (!/^https?:\/\//i.test(source)) return basename(source);
  const { origin, pathname } = new URL(source);
  return `${origin}${pathname}`;
}
