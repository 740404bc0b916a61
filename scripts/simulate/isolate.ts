// One isolate of the simulation: the real finder on modelled ports, and the few lines of the door that ask it.

import { parseAddress } from "../../src/core/address.ts";
import { decide } from "../../src/core/decide.ts";
import { OPERATIONS, type Operation } from "../../src/core/operations.ts";
import { createKeyFinder } from "../../src/store/memory-keys.ts";
import type { ChangeFeed, Found, KeyFinder, KeyTruth, Need, WarmKeys } from "../../src/store/ports.ts";
import type { Judge, StrongCheck } from "./judge.ts";
import { createReach, type KvHistory, type Reach, reachD1, reachKv } from "./ports.ts";
import { ACCOUNT, type Key, type Kind, type Truth } from "./truth.ts";
import { type Chance, clockOf, type World } from "./world.ts";

/** A way of building it wrong, by which the simulation shows that it can fail. */
export interface Flaw {
  readonly changes?: (real: ChangeFeed, now: () => number) => ChangeFeed;
  readonly truth?: (real: KeyTruth, warm: WarmKeys) => KeyTruth;
  readonly warm?: (real: WarmKeys) => WarmKeys;
  readonly need?: (need: Need) => Need;
}

export interface Settings {
  readonly strongCheck: StrongCheck;
  readonly graceMs: number;
  readonly records: number;
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
  const warm = flaw.warm?.(kv) ?? kv;
  const finder: KeyFinder = createKeyFinder(
    {
      truth: flaw.truth?.(d1, warm) ?? d1,
      changes: flaw.changes?.(d1, () => world.now) ?? d1,
      warm,
      clock,
      random: chance.next,
      onFault: () => undefined,
    },
    settings,
  );

  // As in authorize.ts, which cannot be had without a Request: recall, then find, then wait for what confirms it.
  async function look(key: Key, need: Need): Promise<Found> {
    const found = await finder.find(key.hash, need, () => undefined);
    return "confirmed" in found ? found.confirmed : found;
  }

  function settle(key: Key, kind: Kind, cameAt: number, found: Found, now: number): void {
    const facts = { address: CALLER, accountId: ACCOUNT, operation: OPERATION[kind], params: {} };
    const verdict = decide(found.record, facts, now);
    if (verdict.allow && found.degraded && kind === "mutation") {
      judge.answered.unavailable += 1;
      return;
    }
    const reason = verdict.allow ? null : verdict.denial.reason;
    const { allow } = verdict;
    const { degraded } = found;
    judge.weigh({ key, kind, allow, reason, degraded, cameAt, decidedAt: world.now, skewMs });
  }

  return {
    reach,
    call(key, kind) {
      const cameAt = world.now;
      const now = clock.now();
      const exact = strongCheck === "all" || (strongCheck === "mutations" && kind === "mutation");
      const plain: Need = { exact, ahead: kind === "read" };
      const need = flaw.need?.(plain) ?? plain;
      const known = need.exact ? null : finder.recall(key.hash, now, () => undefined);
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
