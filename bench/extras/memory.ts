// What remembering keys takes of an isolate: the heap after a full collection, before and after 20,000 keys were met.
import { join } from "node:path";
import { openCaller } from "../measure/burst.ts";
import { inspect } from "../measure/inspector.ts";
import { progress } from "../report/progress.ts";
import type { Result } from "../report/ratios.ts";
import { ADDRESS, MANY_KEYS } from "../scenarios.ts";
import { buildGatehouse } from "../setup/build.ts";
import { CLUSTERS, createStore, type Secrets } from "../setup/keys.ts";
import { freePort } from "../setup/process.ts";
import { startGround } from "../setup/servers.ts";
import { WORKERS } from "../setup/work.ts";
import { startWorker } from "../setup/workerd.ts";

const MOST_MIB = 24;

export async function measureMemory(secrets: Secrets): Promise<readonly Result[]> {
  progress(`memory: ${MANY_KEYS} keys with 10 rules each`);
  const store = createStore("memory", secrets.ring);
  const tokens: string[] = [];
  // No two keys share a list: nothing of it can be compiled once for many.
  for (let i = 0; i < MANY_KEYS; i++) tokens.push(await store.key({ lists: [rulesOf(i)] }));
  store.close();
  const ground = await startGround(store.file, secrets);
  const { surroundings } = ground;
  const vars = { ...surroundings.vars, KEY_CACHE_SIZE: String(2 * MANY_KEYS) };
  const inspector = await freePort();
  const script = { script: buildGatehouse(), before: join(WORKERS, "collect.js"), v8Flags: ["--expose-gc"] };
  const worker = await startWorker({ name: "memory", ...script, ...surroundings, vars, inspector });
  const session = await inspect(inspector);
  const used = async (): Promise<number> => {
    // workerd's inspector takes the command to collect garbage, and never answers it.
    await fetch(`${worker.url}/collect-garbage`);
    const {
      usedSize,
      embedderHeapUsedSize = 0,
      backingStorageSize = 0,
    } = (await session.send("Runtime.getHeapUsage")) as Record<string, number>;
    return (usedSize ?? 0) + embedderHeapUsedSize + backingStorageSize;
  };
  const calls = { port: worker.port, path: CLUSTERS, status: 200, headers: { "cf-connecting-ip": ADDRESS } };
  const before = await used();
  const client = openCaller({ ...calls, tokens, connections: 16 });
  await client.ready();
  await client.burst(tokens.length);
  client.close();
  const mebibytes = ((await used()) - before) / 1024 ** 2;
  session.close();
  await worker.stop();
  await ground.stop();
  const measured = `${mebibytes.toFixed(1)} MiB`;
  const name = "memory: 20,000 remembered keys with 10 rules each";
  return [{ name, goal: `<= ${MOST_MIB} MiB`, measured, met: mebibytes <= MOST_MIB }];
}

function rulesOf(i: number): string[] {
  const made = Array.from({ length: 9 }, (_, j) => `10.${i >> 8}.${i & 255}.${j * 16}/30`);
  return [...made, `${ADDRESS}/32`];
}
