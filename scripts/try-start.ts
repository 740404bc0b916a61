// `npm run try-start`: the first steps of a new user. Starts Gatehouse, runs the three commands that it prints, stops it,
// starts it again and finds the same state. Runs only in a clone without a .dev folder, so that no state is lost.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createInterface } from "node:readline";
import { ROOT } from "./wrangler.ts";

const PORT = process.env.PORT ?? "8797";
const READY_WITHIN_MS = 120_000;

interface Started {
  readonly commands: readonly string[];
  readonly output: string;
  stop(): Promise<unknown>;
}

async function start(): Promise<Started> {
  const child = spawn(process.execPath, ["scripts/start.ts"], { cwd: ROOT, env: { ...process.env, PORT } });
  const lines: string[] = [];
  const commands: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => void lines.push(line));
  const timer = setTimeout(() => child.kill("SIGTERM"), READY_WITHIN_MS);
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (line.startsWith("curl ")) commands.push(line);
    if (commands.length === 3) break;
  }
  clearTimeout(timer);
  if (commands.length < 3) throw new Error(`ended before it was ready:\n${lines.join("\n")}`);
  child.stdout.resume();
  const ended = once(child, "exit");
  const stop = () => {
    child.kill("SIGTERM");
    return ended;
  };
  return { commands, output: lines.join("\n"), stop };
}

let passed = 0;
let failed = 0;
function expect(what: string, holds: boolean): void {
  process.stdout.write(`${holds ? "ok    " : "not ok"} ${what}\n`);
  if (holds) passed += 1;
  else failed += 1;
}

function run(command: string | undefined): { readonly status: string; readonly body: string } {
  const output = execFileSync("sh", ["-c", `${command} -w '\n%{http_code}'`], { cwd: ROOT, encoding: "utf8" });
  const end = output.lastIndexOf("\n");
  return { status: output.slice(end + 1), body: output.slice(0, end) };
}

if (existsSync(`${ROOT}.dev`)) {
  process.stderr.write("This folder has a .dev folder already: run this in a fresh clone.\n");
  process.exit(2);
}
const first = await start();
const [reads, changes, revokes] = first.commands;
const key = readFileSync(`${ROOT}.dev/admin-key`, "utf8").trim();
expect("the Admin key is shown, and kept in a file", first.output.includes(key));
expect("the file has mode 0600", (statSync(`${ROOT}.dev/admin-key`).mode & 0o777) === 0o600);
const read = run(reads);
expect("the first command reads", read.status === "200" && read.body.includes('"data"'));
const change = run(changes);
expect("the second one is denied to a Viewer", change.status === "403" && change.body.includes("CLUSTER:PAUSE"));
const revoked = run(revokes);
expect("the third one revokes that key", revoked.status === "200" && revoked.body.includes('"REVOKED"'));
expect("the revoked key is denied everything", run(changes).status === "401");
await first.stop();

const second = await start();
expect("a second start shows no key", !second.output.includes(key));
expect("a second start has the same state: the first key reads the same", run(second.commands[0]).body === read.body);
await second.stop();
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);
