// A gigabyte through, either way: CPU beside the raw pass-through, and whether memory stays flat.
import { request } from "node:http";
import { join } from "node:path";
import { cpuNanoseconds, residentBytes } from "../measure/cpu.ts";
import { spreadOf } from "../measure/statistics.ts";
import { progress } from "../report/progress.ts";
import type { Result } from "../report/ratios.ts";
import { buildGatehouse } from "../setup/build.ts";
import { CLUSTERS, createStore, type Secrets } from "../setup/keys.ts";
import { startAll, startGround } from "../setup/servers.ts";
import { WORKERS } from "../setup/work.ts";
import type { Worker } from "../setup/workerd.ts";

const BYTES = 1024 ** 3;
const ROUNDS = 3;
const LEAST = 0.95;
/** More than this, and bodies are kept rather than passed on. */
const FLAT_MIB = 32;
const CHUNK = Buffer.alloc(256 * 1024, "x");

export async function measureBodies(secrets: Secrets): Promise<readonly Result[]> {
  const store = createStore("bodies", secrets.ring);
  const token = await store.key();
  store.close();
  const ground = await startGround(store.file, secrets);
  const { surroundings } = ground;
  const servers = await startAll([
    { name: "bodies", script: buildGatehouse(), ...surroundings },
    { name: "bodies-raw", script: join(WORKERS, "raw.js"), upstream: surroundings.upstream },
  ]);
  const results: Result[] = [];
  for (const way of ["down", "up"] as const) {
    const ratios: number[] = [];
    const grown: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      progress(`a gigabyte ${way}: round ${round + 1}/${ROUNDS}`);
      const raw = await transfer(servers.get("bodies-raw"), way, token);
      const ours = await transfer(servers.get("bodies"), way, token);
      ratios.push(raw.cpu / ours.cpu);
      grown.push(ours.grown);
    }
    const { median, min, max } = spreadOf(ratios);
    const most = Math.max(...grown) / 1024 ** 2;
    const measured = `${median.toFixed(3)}  (${min.toFixed(2)} to ${max.toFixed(2)}), ${most.toFixed(0)} MiB at most`;
    const met = median >= LEAST && most <= FLAT_MIB;
    results.push({ name: `1 GiB ${way}, to raw; memory`, goal: `>= ${LEAST}, flat`, measured, met });
  }
  await servers.stop();
  await ground.stop();
  return results;
}

async function transfer({ port, pid }: Worker, way: "up" | "down", token: string) {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/octet-stream" };
  const path = way === "down" ? `${CLUSTERS}?bytes=${BYTES}` : CLUSTERS;
  const before = { cpu: cpuNanoseconds(pid), bytes: residentBytes(pid) };
  let most = before.bytes;
  const watch = setInterval(() => {
    most = Math.max(most, residentBytes(pid));
  }, 20);
  const received = await new Promise<number>((resolve, reject) => {
    const length = way === "up" ? { "content-length": String(BYTES) } : {};
    const call = request({ port, path, method: way === "up" ? "POST" : "GET", headers: { ...headers, ...length } });
    call.on("error", reject);
    call.on("response", (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`a gigabyte ${way} was answered ${answer.statusCode}`));
      let bytes = 0;
      answer.on("data", (part: Buffer) => {
        bytes += part.length;
      });
      answer.on("end", () => resolve(bytes));
    });
    if (way === "up") fill(call);
    else call.end();
  });
  clearInterval(watch);
  if (way === "down" && received !== BYTES) throw new Error(`${received} bytes came instead of ${BYTES}`);
  return { cpu: cpuNanoseconds(pid) - before.cpu, grown: most - before.bytes };
}

function fill(call: import("node:http").ClientRequest): void {
  let left = BYTES;
  const more = (): void => {
    while (left > 0) {
      const part = left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK;
      left -= part.length;
      if (!call.write(part)) {
        call.once("drain", more);
        return;
      }
    }
    call.end();
  };
  more();
}
