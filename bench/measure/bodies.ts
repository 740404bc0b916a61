// Sends a gigabyte through a server, in either direction.
import { type ClientRequest, request } from "node:http";
import { Readable } from "node:stream";
import { chunksOf } from "../setup/chunks.ts";
import { CLUSTERS } from "../setup/keys.ts";
import { cpuNanoseconds, residentBytes } from "../setup/process.ts";
import type { Worker } from "../setup/workerd.ts";

export type Direction = "up" | "down";

const BYTES = 1024 ** 3;

/** @returns the CPU in nanoseconds and the growth of resident memory in bytes. @throws Error for another status or size */
export async function transfer({ port, pid }: Worker, direction: Direction, token: string) {
  const before = { cpu: cpuNanoseconds(pid), bytes: residentBytes(pid) };
  let most = before.bytes;
  const watch = setInterval(() => {
    most = Math.max(most, residentBytes(pid));
  }, 20);
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/octet-stream" };
  const received = await new Promise<number>((resolve, reject) => {
    const sent: ClientRequest =
      direction === "down"
        ? request({ port, path: `${CLUSTERS}?bytes=${BYTES}`, headers }).end()
        : request({ port, path: CLUSTERS, method: "POST", headers: { ...headers, "content-length": String(BYTES) } });
    if (direction === "up") Readable.from(chunksOf(BYTES)).pipe(sent);
    sent.on("error", reject);
    sent.on("response", (response) => {
      if (response.statusCode !== 200) reject(new Error(`a gigabyte ${direction}: status ${response.statusCode}`));
      let bytes = 0;
      response.on("data", (part: Buffer) => {
        bytes += part.length;
      });
      response.on("end", () => resolve(bytes));
    });
  });
  clearInterval(watch);
  if (direction === "down" && received !== BYTES) throw new Error(`received ${received} bytes of ${BYTES}`);
  return { cpu: cpuNanoseconds(pid) - before.cpu, grown: most - before.bytes };
}
