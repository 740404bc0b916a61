// One isolate of the simulation: the real gateway with the real adapters, on the bindings of the simulation. What it forwards goes
// to upstream.ts; what it decides is noted for the judge.
import { compileTable } from "../../src/core/routing/operation-table.ts";
import { OPERATIONS } from "../../src/core/routing/operations.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import { createHeaderFilter, createHeaderReuse } from "../../src/gateway/proxy/request-headers.ts";
import { createRateLimits } from "../../src/gateway/rate-limits.ts";
import { createD1Records } from "../../src/store/key-cache/d1-records.ts";
import { createKeyResolver } from "../../src/store/key-cache/key-resolver.ts";
import { createKvCopies, limitWrites } from "../../src/store/key-cache/kv-copies.ts";
import type { KeyCopies, KeyResolver, ResolvedKey } from "../../src/store/key-cache/ports.ts";
import { createCircuitBreaker } from "../../src/store/lib/circuit-breaker.ts";
import { guardD1 } from "../../src/store/lib/guarded-d1.ts";
import { configureStore } from "../../src/store/store-config.ts";
import { connectD1 } from "./d1.ts";
import type { Result } from "./database.ts";
import { connectKv } from "./kv.ts";
import { createLink, type Link } from "./link.ts";
import type { Call, Scene } from "./scene.ts";
import { createUpstream } from "./upstream.ts";
import { createClock, type IsolateClock } from "./world.ts";

/** The gateway's own code, loaded by its address: it is written for the types of workerd, which are not those of Node.js. */
const load = (path: string): Promise<unknown> => import(new URL(`../../src/${path}`, import.meta.url).href);
// What the gateway loads with the first request that needs it: that is not a matter of virtual time.
for (const later of ["gateway/proxy/speculative-forward", "core/token/derived-keys"]) await load(`${later}.ts`);
const { handleRequest } = (await load("gateway/handle-request.ts")) as {
  readonly handleRequest: (request: Request, gateway: Gateway, later: typeof background) => Promise<Response>;
};

const CACHE_SIZE = 200;
/** Clocks that are right differ by at most twice as much. */
export const SKEW_MS = 3_000;

export interface Isolate {
  readonly link: Link;
  readonly clock: IsolateClock;
  readonly resolver: KeyResolver;
  readonly copies: KeyCopies;
  /** Until when no request comes to it. */
  idleUntil: number;
  /** The database as repositories have it. `onCommit` runs after each of their transactions. */
  connect(onCommit?: (results: readonly Result[]) => void): D1Database;
  /** Answers a request. `handleAdmin` serves the operations of Gatehouse. */
  send(request: Request, call: Call, handleAdmin?: Gateway["handleAdmin"]): Promise<Response>;
}

const operations = compileTable(OPERATIONS, null);

/** Keeps work alive after the response. It reports its own errors. */
export const background = (work: Promise<unknown>): void => void work.catch(() => undefined);

export function createIsolate(scene: Scene): Isolate {
  const { world, random, ring, staleIfErrorMs } = scene;
  const link = createLink();
  const clock = createClock(world, random.between(-SKEW_MS, SKEW_MS));
  const records = createD1Records(connectD1(scene, link));
  const copies = limitWrites(createKvCopies(connectKv(scene), ring), clock.now);
  const breaker = createCircuitBreaker(clock, random.next);
  const resolver = createKeyResolver(
    { records, changes: records, copies, clock, random: random.next, onError: () => undefined },
    { cacheSize: CACHE_SIZE, staleIfErrorMs },
  );
  const gateway = createGateway(scene, clock, resolver);
  return {
    ...{ link, clock, resolver, copies, idleUntil: 0 },
    connect(onCommit) {
      const db = guardD1(connectD1(scene, link, onCommit), breaker);
      configureStore(db, { ring, blockedKeyIds: new Set(), issuers: new Set(["https://issuer.example"]) });
      return db;
    },
    send(request, call, handleAdmin = gateway.handleAdmin) {
      const keys = noting(resolver, call, () => world.now);
      return handleRequest(request, { ...gateway, keys, handleAdmin, requestId: () => call.id }, background);
    },
  };
}

function createGateway(scene: Scene, clock: IsolateClock, keys: KeyResolver): Gateway {
  const unexpected = () => Promise.reject(new Error("nothing of the simulation asks for this"));
  const nothing = () => undefined;
  return {
    ...{ operations, ring: scene.ring, keys, operators: null, assets: null, now: clock.now, requestId: () => "" },
    ...{
      metrics: null,
      usage: { record: nothing, unwritten: () => 0 },
      denials: { record: nothing, flush: async () => undefined },
    },
    ...{ dryRuns: unexpected, leaks: unexpected, auditHead: unexpected, openapi: unexpected },
    ...{ firstAccount: unexpected, handleAdmin: unexpected, canaries: unexpected },
    // The role is what the upstream acts on.
    identity: { tokenFor: ({ role }) => role.id, jwks: { keys: [] } },
    upstream: {
      ...{ origin: "https://upstream.example", authorization: null, timeoutMs: 5_000, servesPages: false },
      fetch: createUpstream(scene),
      forwardsHeader: createHeaderFilter(null),
      reuseHeaders: createHeaderReuse(),
    },
    policy: {
      ...{ strongCheck: scene.strongCheck, speculativeForwarding: true, allowWebSockets: false, consoleHost: null },
      ...{ blockedKeyIds: new Set(), hosts: new Set(), origins: new Set(), cors: { allowed: "", exposed: "" } },
    },
    limits: createRateLimits(null, null),
    log: { write: nothing, sampled: () => false, admitsDenial: () => false },
  };
}

/** The same resolver, which notes for a call when its record was confirmed. */
function noting(resolver: KeyResolver, call: Call, now: () => number): KeyResolver {
  function note(found: ResolvedKey): ResolvedKey {
    call.confirmedAt = now();
    call.degraded = found.degraded;
    return found;
  }
  return {
    ...resolver,
    getCached(hash, at, later) {
      const found = resolver.getCached(hash, at, later);
      return found && note(found);
    },
    async resolve(key, need, later) {
      const found = await resolver.resolve(key, need, later);
      if (!("result" in found)) return note(found);
      call.speculated = true;
      const result = found.result.then(note);
      result.catch(() => undefined);
      return { cached: found.cached, result };
    },
  };
}
