// One authorized read whose key the isolate has cached, through the gateway of the harness with the real key resolver and
// usage recorder. test/repo/request-path.ts counts the functions that it enters.
import { handleRequest } from "../../src/gateway/handle-request.ts";
import { createNetworks } from "../../src/store/api-keys/networks.ts";
import { createUsageRecorder } from "../../src/store/api-keys/usage.ts";
import { createKeyResolver } from "../../src/store/key-cache/key-resolver.ts";
import { aKey, NOW } from "../support/key.ts";
import { aRequest, CLUSTERS, HASH, openGateway, TOKEN } from "./gateway-harness.ts";

/**
 * Sends the same read three times: the first one fills the key cache, the last one is the one to watch.
 *
 * @param beforeEach runs before each request, after the background work of the request before
 */
export async function sendCachedReads(beforeEach: () => void): Promise<void> {
  const onError = (what: string, cause: unknown) => {
    throw new Error(what, { cause });
  };
  const reading = { record: aKey(), asOf: 1, lacksSigningKeyId: false, copy: {} as never };
  const parts = {
    records: {
      readByHash: async (hash: string) => (hash === HASH ? reading : null),
      readByHashes: async (hashes: readonly string[]) => hashes.map((hash) => (hash === HASH ? reading : null)),
      addSigningKeyId: async () => undefined,
    },
    changes: { since: async () => ({ oldestSeq: 1, newestSeq: 1, changes: [] }) },
    copies: { get: async () => null, put: async () => true },
    clock: { now: () => NOW, after: () => () => undefined, pause: async () => undefined },
    random: () => 0.5,
    onError,
  };
  const noCheck = () => Promise.reject(new Error("no address, and so nothing to check"));
  const statement = { bind: () => statement, run: async () => ({}) };
  const db = { prepare: () => statement } as unknown as D1Database;
  const gateway = {
    ...openGateway().gateway,
    keys: createKeyResolver(parts, { cacheSize: 10, staleIfErrorMs: 60_000 }),
    usage: createUsageRecorder(
      db,
      { maxKeys: 10, clock: parts.clock, intervalMs: 60_000 },
      createNetworks(10, noCheck, onError),
      onError,
    ),
  };
  const work: Promise<unknown>[] = [];
  for (let request = 0; request < 3; request += 1) {
    await Promise.all(work.splice(0));
    beforeEach();
    const response = await handleRequest(aRequest(CLUSTERS, {}, TOKEN), gateway, (task) => void work.push(task));
    if (response.status !== 200) throw new Error(`status ${response.status}: ${await response.text()}`);
  }
}
