// Calls a server as fast as it answers, over connections that stay open: wrk where it is installed, autocannon otherwise.
import { spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onCore } from "../setup/process.ts";
import { WORK } from "../setup/work.ts";

export interface Load {
  readonly url: string;
  /** Called with in turn; `null` is a call without a credential. */
  readonly tokens: readonly (string | null)[];
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly seconds: number;
}

export interface Outcome {
  readonly calls: number;
  readonly seconds: number;
  /** Microseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Answers of 400 and above. */
  readonly refused: number;
  readonly broken: number;
}

const hasWrk = spawnSync("wrk", ["-v"]).error === undefined;
export const GENERATOR: string = hasWrk ? "wrk" : "autocannon";
const SCRIPT = fileURLToPath(new URL("wrk.lua", import.meta.url));
const CANNON = fileURLToPath(new URL("autocannon.ts", import.meta.url));

/** Load a server for a while. */
export async function load({ url, tokens, headers, connections, seconds }: Load): Promise<Outcome> {
  const names = [join(WORK, "tokens.txt"), join(WORK, "headers.txt")];
  writeFileSync(names[0] as string, tokens.map((token) => `${token ?? "-"}\n`).join(""));
  writeFileSync(
    names[1] as string,
    Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}\n`)
      .join(""),
  );
  // wrk takes whole seconds.
  const args = ["-t1", `-c${connections}`, `-d${Math.max(1, Math.round(seconds))}s`, "-s", SCRIPT, url, "--", ...names];
  const output = hasWrk
    ? await run("wrk", args)
    : await run(process.execPath, [CANNON, url, String(connections), String(seconds), ...names]);
  const line = /^result (\{.*\})$/m.exec(output)?.[1];
  if (line === undefined) throw new Error(`${GENERATOR} said: ${output}`);
  return JSON.parse(line) as Outcome;
}

async function run(command: string, args: readonly string[]): Promise<string> {
  const [program, all] = onCore("other", command, args);
  const child = spawn(program, all, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (data) => {
    output += data;
  });
  child.stderr.on("data", (data) => {
    output += data;
  });
  await new Promise((ended) => child.once("close", ended));
  return output;
}
