// Starts the processes of a run, each on its own core where the machine allows it, and ends the same ones again.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { availableParallelism } from "node:os";
import { familyOf } from "./family.ts";

/** The servers under test have the first core to themselves; what loads them, answers them and stores for them has the second. */
export type Core = "server" | "other";

const CORES = { server: "0", other: "1" } as const;

/** Whether processes can be kept to a core each. */
export const pinned: boolean = availableParallelism() > 1 && spawnSync("taskset", ["-c", "1", "true"]).status === 0;

/** Keeps this process itself to the other core: it calls the servers. */
export function stayAside(): void {
  if (pinned) spawnSync("taskset", ["-pc", CORES.other, String(process.pid)]);
}

/** A command, kept to its core where that can be done. */
export function onCore(core: Core, command: string, args: readonly string[]): readonly [string, readonly string[]] {
  return pinned ? ["taskset", ["-c", CORES[core], command, ...args]] : [command, args];
}

export interface Running {
  readonly pid: number;
  /** Everything written to stderr so far. */
  errors(): string;
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
process.on("exit", () => {
  for (const child of running) endFamily(child.pid as number);
});

/** The children of what is killed would live on. */
function endFamily(pid: number): void {
  for (const member of familyOf(pid)) {
    try {
      process.kill(member, "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }
}

/** Start a process that runs until it is stopped; its output is thrown away but for what it complains of. */
export function start(core: Core, command: string, args: readonly string[]): Running {
  // taskset becomes the command that it runs, so the id is that of the command.
  const [program, all] = onCore(core, command, args);
  const child = spawn(program, all, { stdio: ["ignore", "ignore", "pipe"] });
  running.add(child);
  let errors = "";
  child.stderr?.on("data", (data) => {
    errors = (errors + data).slice(-4_000);
  });
  child.once("exit", () => running.delete(child));
  return {
    pid: child.pid as number,
    errors: () => errors,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      endFamily(child.pid as number);
      await ended;
    },
  };
}

/** A port of the loopback that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

/**
 * Wait until a server answers anything at all.
 *
 * @throws Error with what the server complained of, when it does not in time
 */
export async function answers(url: string, server: Running, withinMs = 10_000): Promise<void> {
  for (const giveUpAt = Date.now() + withinMs; ; ) {
    try {
      await (await fetch(url)).arrayBuffer();
      return;
    } catch {
      if (Date.now() > giveUpAt) throw new Error(`${url} does not answer: ${server.errors()}`);
      await new Promise((resume) => setTimeout(resume, 20));
    }
  }
}
