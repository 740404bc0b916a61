// One D1 and one KV for several gateways, each of which reaches them through ports of its own, on which faults can be set.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { DatabaseSync } from "node:sqlite";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { migratedDatabase } from "../../bench/setup/keys.ts";
import { d1Wire } from "../support/d1-wire.ts";
import type { Random } from "../support/random.ts";

/** What one gateway has to bear. */
export interface Route {
  readonly d1: number;
  readonly kv: number;
  /** Whether connections to D1 are broken off. */
  isCutOff: boolean;
  /** What every request to D1 takes longer. */
  d1DelayMs: number;
}

export interface Storage {
  readonly database: DatabaseSync;
  /** How long a write to KV takes until others can read it. */
  kvDelayMs: number;
  readonly counts: { d1: number; kvReads: number; kvWrites: number; kvLost: number };
  route(): Promise<Route>;
  close(): void;
}

/** How long a location of KV keeps what it has read, misses included (the shortest time that Workers KV allows). */
const LOCATION_CACHE_MS = 30_000;
/** One write in so many is lost. */
const LOSES_ONE_IN = 4;

/** An empty, migrated database, and an empty namespace that loses some writes. */
export function startStorage(random: Random): Storage {
  const database = migratedDatabase(":memory:");
  const answer = d1Wire(database);
  const values = new Map<string, { readonly value: string; readonly metadata: string | undefined }>();
  const closers: (() => void)[] = [];

  async function listen(
    handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  ): Promise<number> {
    const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()));
    server.keepAliveTimeout = 600_000;
    await new Promise<void>((resume) => void server.listen(0, "127.0.0.1", resume));
    closers.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  }

  const storage: Storage = {
    database,
    kvDelayMs: 2_000,
    counts: { d1: 0, kvReads: 0, kvWrites: 0, kvLost: 0 },
    async route() {
      const d1 = await listen(async (request, response) => {
        const body = await text(request);
        if (route.isCutOff) return void request.socket.destroy();
        if (route.d1DelayMs > 0) await delay(route.d1DelayMs);
        storage.counts.d1 += 1;
        response.writeHead(200, { "content-type": "application/json" }).end(answer(request.url ?? "", body));
      });
      const cached = new Map<string, { readonly found: string | undefined; readonly until: number }>();
      const kv = await listen(async (request, response) => {
        const { pathname } = new URL(request.url ?? "/", "http://kv");
        const name = decodeURIComponent(pathname.slice(1));
        if (request.method !== "GET") return await write(request, response, name);
        storage.counts.kvReads += 1;
        if (name === "") return list(request, response);
        const known = cached.get(name);
        const found = known !== undefined && known.until > Date.now() ? known.found : values.get(name)?.value;
        if (known === undefined || known.until <= Date.now()) {
          cached.set(name, { found, until: Date.now() + LOCATION_CACHE_MS });
        }
        response.writeHead(found === undefined ? 404 : 200).end(found);
      });
      const route: Route = { d1, kv, isCutOff: false, d1DelayMs: 0 };
      return route;
    },
    close() {
      for (const close of closers) close();
      database.close();
    },
  };

  async function write(request: IncomingMessage, response: ServerResponse, name: string): Promise<void> {
    const value = await text(request);
    const metadata = request.headers["cf-kv-metadata"] as string | undefined;
    storage.counts.kvWrites += 1;
    // Never those of the audit log: that they stay is what KV is asked for there.
    const isLost = name.startsWith("key/") && random.below(LOSES_ONE_IN) === 0;
    if (isLost) storage.counts.kvLost += 1;
    else setTimeout(() => values.set(name, { value, metadata }), storage.kvDelayMs).unref();
    response.writeHead(200).end();
  }

  function list(request: IncomingMessage, response: ServerResponse): void {
    const prefix = new URL(request.url ?? "/", "http://kv").searchParams.get("prefix") ?? "";
    const names = [...values.keys()].filter((name) => name.startsWith(prefix)).sort();
    const keys = names.map((name) => {
      const { metadata } = values.get(name) as { metadata: string | undefined };
      return { name, ...(metadata === undefined ? {} : { metadata: JSON.parse(metadata) }) };
    });
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ keys, list_complete: true }));
  }
  return storage;
}
