// `npm run try-start`: what a newcomer does. Starts the door, pastes the three commands that it prints, stops it, starts
// it again and finds everything as it was. Runs in a clone without a .dev folder only, so that nobody loses theirs.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { ROOT } from "./wrangler.ts";

const PORT = process.env.PORT ?? "8797";
const READY_WITHIN_MS = 120_000;

interface Started {
  readonly commands: readonly string[];
  readonly said: () => string;
  stop(): Promise<void>;
}

function start(): Promise<Started> {
  const child = spawn(process.execPath, ["scripts/start.ts"], { cwd: ROOT, env: { ...process.env, PORT } });
  let said = "";
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`not ready in time:\n${said}`)), READY_WITHIN_MS);
    const gone = new Promise<void>((end) => child.once("exit", () => end()));
    child.once("exit", () => reject(new Error(`ended before it was ready:\n${said}`)));
    const hear = (part: Buffer) => {
      said += part.toString("utf8");
      const commands = said.split("\n").filter((line) => line.startsWith("curl "));
      if (commands.length < 3 || !said.endsWith("\n")) return;
      clearTimeout(late);
      const stop = () => {
        child.kill("SIGTERM");
        return gone;
      };
      resolve({ commands, said: () => said, stop });
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
  });
}

let failed = 0;
function expect(what: string, holds: boolean): void {
  process.stdout.write(`${holds ? "ok    " : "not ok"} ${what}\n`);
  if (!holds) failed += 1;
}

function paste(command: string | undefined): { readonly status: string; readonly body: string } {
  const line = `${command} -w '\n%{http_code}'`;
  const out = execFileSync("sh", ["-c", line], { cwd: ROOT, encoding: "utf8" });
  const cut = out.lastIndexOf("\n");
  return { status: out.slice(cut + 1), body: out.slice(0, cut) };
}

if (existsSync(`${ROOT}.dev`)) {
  process.stderr.write("There is a .dev folder here already: try this in a fresh clone.\n");
  process.exit(2);
}

const first = await start();
const key = readFileSync(`${ROOT}.dev/admin-key`, "utf8").trim();
expect("the Admin key is shown, and kept for its owner alone", first.said().includes(key));
expect("its file has mode 0600", (statSync(`${ROOT}.dev/admin-key`).mode & 0o777) === 0o600);
const read = paste(first.commands[0]);
expect("the first command reads", read.status === "200" && read.body.includes('"data"'));
const change = paste(first.commands[1]);
expect("the second one is refused to a Viewer", change.status === "403" && change.body.includes("CLUSTER:PAUSE"));
const revoked = paste(first.commands[2]);
expect("the third one revokes that key", revoked.status === "200" && revoked.body.includes('"REVOKED"'));
expect("which can then do nothing", paste(first.commands[1]).status === "401");
await first.stop();

const second = await start();
expect("a second start shows no key", !second.said().includes(key));
expect("and keeps everything: the first key reads the same", paste(second.commands[0]).body === read.body);
await second.stop();

process.stdout.write(`${8 - failed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);
