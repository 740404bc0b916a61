// One isolate of the simulation: the real finder on modelled ports, and the few lines of the door that ask it.

import { decide } from "../../src/core/access/decide.ts";
import { parseAddress } from "../../src/core/ip/ip-address.ts";
import { OPERATIONS, type Operation } from "../../src/core/routing/operations.ts";
import { createKeyResolver } from "../../src/store/key-cache/key-resolver.ts";
import type {
  ChangeFeed,
  KeyCopies,
  KeyRecordSource,
  KeyResolver,
  Need,
  ResolvedKey,
} from "../../src/store/key-cache/ports.ts";
import type { Judge, StrongCheck } from "./judge.ts";
import { createReach, type KvHistory, type Reach, reachD1, reachKv } from "./ports.ts";
import { ACCOUNT, type Key, type Kind, type Truth } from "./truth.ts";
import { type Chance, clockOf, type World } from "./world.ts";

/** A way of building it wrong, by which the simulation shows that it can fail. */
export interface Flaw {
  readonly changes?: (real: ChangeFeed, now: () => number) => ChangeFeed;
  readonly truth?: (real: KeyRecordSource, copies: KeyCopies) => KeyRecordSource;
  readonly warm?: (real: KeyCopies) => KeyCopies;
  readonly need?: (need: Need) => Need;
}

export interface Settings {
  readonly strongCheck: StrongCheck;
  readonly staleIfErrorMs: number;
  readonly cacheSize: number;
  readonly flaw: Flaw;
}

export interface Isolate {
  readonly reach: Reach;
  /** Takes a call, and reports its verdict to the judge, now or later. */
  call(key: Key, kind: Kind): void;
}

const CALLER = parseAddress("198.51.100.7");
const OPERATION: Record<Kind, Operation> = { read: operation("listClusters"), mutation: operation("createCluster") };

function operation(id: string): Operation {
  const known = OPERATIONS.find(({ operationId }) => operationId === id);
  if (known === undefined) throw new Error(`${id} is not an operation`);
  return known;
}

export function createIsolate(
  world: World,
  chance: Chance,
  truth: Truth,
  history: KvHistory,
  judge: Judge,
  settings: Settings,
): Isolate {
  const { flaw, strongCheck } = settings;
  const reach = createReach();
  const skewMs = chance.between(-3_000, 3_000);
  const clock = clockOf(world, skewMs);
  const d1 = reachD1(world, chance, truth, reach);
  const kv = reachKv(world, chance, history, reach);
  const copies = flaw.warm?.(kv) ?? kv;
  const resolver: KeyResolver = createKeyResolver(
    {
      records: flaw.truth?.(d1, copies) ?? d1,
      changes: flaw.changes?.(d1, () => world.now) ?? d1,
      copies,
      clock,
      random: chance.next,
      onError: () => undefined,
    },
    settings,
  );

  // As in authorize.ts, which cannot be had without a Request: recall, then find, then wait for what confirms it.
  async function look(key: Key, need: Need): Promise<ResolvedKey> {
    const found = await resolver.resolve(key.hash, need, () => undefined);
    return "result" in found ? found.result : found;
  }

  function settle(key: Key, kind: Kind, cameAt: number, found: ResolvedKey, now: number): void {
    const facts = { address: CALLER, accountId: ACCOUNT, operation: OPERATION[kind], params: {} };
    const decision = decide(found.record, facts, now);
    if (decision.allow && found.degraded && kind === "mutation") {
      judge.answered.unavailable += 1;
      return;
    }
    const reason = decision.allow ? null : decision.denial.reason;
    const { allow } = decision;
    const { degraded } = found;
    judge.weigh({ key, kind, allow, reason, degraded, cameAt, decidedAt: world.now, skewMs });
  }

  return {
    reach,
    call(key, kind) {
      const cameAt = world.now;
      const now = clock.now();
      const exact = strongCheck === "all" || kind === "mutation";
      const plain: Need = { fromPrimary: exact, allowUnconfirmed: kind === "read" };
      const need = flaw.need?.(plain) ?? plain;
      const known = need.fromPrimary ? null : resolver.getCached(key.hash, now, () => undefined);
      if (known !== null) return settle(key, kind, cameAt, known, now);
      look(key, need).then(
        (found) => settle(key, kind, cameAt, found, now),
        () => {
          judge.answered.unavailable += 1;
        },
      );
    },
  };
}
