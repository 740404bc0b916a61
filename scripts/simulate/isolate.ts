// One isolate of the simulation: the real key resolver on modeled ports, and the few lines of the gateway that call it.
import { decide } from "../../src/core/access/decide.ts";
import { parseAddress } from "../../src/core/ip/ip-address.ts";
import { OPERATIONS, type Operation } from "../../src/core/routing/operations.ts";
import { createKeyResolver } from "../../src/store/key-cache/key-resolver.ts";
import type { ChangeFeed, KeyCopies, KeyRecordSource, Need, ResolvedKey } from "../../src/store/key-cache/ports.ts";
import { claimsFor } from "../../test/support/key.ts";
import type { Judge, StrongCheck } from "./judge.ts";
import { connectD1, connectKv, type KvHistory, type Link } from "./ports.ts";
import { ACCOUNT, type Key, type Kind, type Primary } from "./primary.ts";
import { clockOf, type Random, type World } from "./world.ts";

/** A wrong implementation, by which the simulation shows that it can fail. */
export interface Flaw {
  readonly changes?: (real: ChangeFeed, now: () => number) => ChangeFeed;
  readonly records?: (real: KeyRecordSource, copies: KeyCopies) => KeyRecordSource;
  readonly copies?: (real: KeyCopies) => KeyCopies;
  readonly need?: (need: Need) => Need;
}

export interface Settings {
  readonly strongCheck: StrongCheck;
  readonly staleIfErrorMs: number;
  readonly flaw: Flaw;
}

/** Everything that the isolates of a run share. */
export interface Surroundings extends Settings {
  readonly world: World;
  readonly random: Random;
  readonly primary: Primary;
  readonly history: KvHistory;
  readonly judge: Judge;
}

export interface Isolate {
  readonly link: Link;
  /** Serves a request, and reports its decision to the judge, now or later. */
  serve(key: Key, kind: Kind): void;
}

const CACHE_SIZE = 200;
const ADDRESS = parseAddress("198.51.100.7");
const OPERATION: Record<Kind, Operation> = { read: operationOf("listClusters"), change: operationOf("createCluster") };

/** @throws Error when the operation table does not have it */
export function operationOf(id: string): Operation {
  const operation = OPERATIONS.find(({ operationId }) => operationId === id);
  if (operation === undefined) throw new Error(`${id} is not an operation`);
  return operation;
}

export function createIsolate(surroundings: Surroundings): Isolate {
  const { world, random, judge, flaw, strongCheck, staleIfErrorMs } = surroundings;
  const link: Link = { cutOffUntil: 0, silent: false };
  const skewMs = random.between(-3_000, 3_000);
  const clock = clockOf(world, skewMs);
  const d1 = connectD1(surroundings, link);
  const kv = connectKv(surroundings);
  const copies = flaw.copies?.(kv) ?? kv;
  const records = flaw.records?.(d1, copies) ?? d1;
  const changes = flaw.changes?.(d1, () => world.now) ?? d1;
  const parts = { records, changes, copies, clock, random: random.next, onError: () => undefined };
  const resolver = createKeyResolver(parts, { cacheSize: CACHE_SIZE, staleIfErrorMs });

  function answerUnavailable(): void {
    judge.answered.unavailable += 1;
  }

  async function resolve(key: Key, need: Need): Promise<ResolvedKey> {
    const found = await resolver.resolve({ hash: key.hash, claims: claimsFor(key.row) }, need, () => undefined);
    return "result" in found ? found.result : found;
  }

  function authorize(key: Key, kind: Kind, cameAt: number, { record, degraded }: ResolvedKey, now: number): void {
    const facts = { address: ADDRESS, accountId: ACCOUNT, operation: OPERATION[kind], params: {} };
    const decision = decide(record, facts, now);
    const reason = decision.allow ? null : decision.denial.reason;
    if (reason === null && degraded && kind === "change") answerUnavailable();
    else judge.check({ key, kind, reason, degraded, cameAt, decidedAt: world.now, skewMs });
  }

  return {
    link,
    // The order of src/gateway/authorize.ts, which needs a Request: the key cache, then the resolver.
    serve(key, kind) {
      const cameAt = world.now;
      const now = clock.now();
      const fromPrimary = strongCheck === "all" || (strongCheck === "mutations" && kind === "change");
      const plain: Need = { fromPrimary, allowUnconfirmed: kind === "read" };
      const need = flaw.need?.(plain) ?? plain;
      const cached = need.fromPrimary ? null : resolver.getCached(key.hash, now, () => undefined);
      if (cached !== null) return authorize(key, kind, cameAt, cached, now);
      resolve(key, need).then((found) => authorize(key, kind, cameAt, found, now), answerUnavailable);
    },
  };
}
