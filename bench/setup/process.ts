// Starts the processes of a run, each on its own core where the machine allows it, stops them, and reads what they use.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { setTimeout as delay } from "node:timers/promises";

/** The servers under test have the first core; the load generator, the upstream and storage share the second. */
const CORES = { server: "0", other: "1" } as const;
export type Core = keyof typeof CORES;

/** Whether processes can be pinned to a core each. */
export const pinned: boolean = availableParallelism() > 1 && spawnSync("taskset", ["-c", "1", "true"]).status === 0;

/** Pins this process, which generates the load, to the second core. */
export function pinToOtherCore(): void {
  if (pinned) spawnSync("taskset", ["-pc", CORES.other, String(process.pid)]);
}

export interface Running {
  readonly pid: number;
  /** The last of what the process wrote to stderr. */
  errors(): string;
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
process.on("exit", stopAll);

/** Stops every process that still runs. */
export function stopAll(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** Starts a process that runs until it is stopped. Its stdout is discarded. */
export function start(core: Core, command: readonly string[]): Running {
  // taskset replaces itself by the command, so the id is that of the command.
  const [file = "", ...args] = pinned ? ["taskset", "-c", CORES[core], ...command] : command;
  const child = spawn(file, args, { stdio: ["ignore", "ignore", "pipe"] });
  running.add(child);
  let errors = "";
  child.stderr.on("data", (data) => {
    errors = (errors + data).slice(-4_000);
  });
  child.once("exit", () => running.delete(child));
  return {
    pid: child.pid as number,
    errors: () => errors,
    async stop() {
      if (!running.has(child)) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Waits until a server responds. @throws Error with the server's stderr, when it does not in time */
export async function untilReady(url: string, server: Running, withinMs = 10_000): Promise<void> {
  for (const deadline = Date.now() + withinMs; ; await delay(20)) {
    try {
      await (await fetch(url)).arrayBuffer();
      return;
    } catch {
      if (Date.now() > deadline) throw new Error(`${url} does not respond: ${server.errors()}`);
    }
  }
}

/** CPU time of all threads of a process, in nanoseconds. */
export function cpuNanoseconds(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const spent = threads.map((thread) => Number(readOrEmpty(`/proc/${pid}/task/${thread}/schedstat`).split(" ")[0]));
  return spent.reduce((sum, each) => sum + each, 0);
}

/** Resident memory of a process, in bytes. */
export function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readOrEmpty(`/proc/${pid}/status`))?.[1] ?? Number.NaN) * 1024;
}

/** A thread may end between two reads. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
