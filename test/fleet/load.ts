// The load and the faults of a run of the fleet.
import { setTimeout as delay } from "node:timers/promises";
import { CLUSTERS } from "../../bench/setup/keys.ts";
import type { Random } from "../support/random.ts";
import { send } from "./client.ts";
import type { Fleet } from "./gateways.ts";
import type { Restriction, Seen } from "./judge.ts";
import type { FleetKey, Operator } from "./operator.ts";
import type { Storage } from "./storage.ts";

export const [STEADY, KILLED, CUT_OFF] = [0, 1, 2] as const;
export const GATEWAYS: readonly number[] = [STEADY, KILLED, CUT_OFF];

/** Milliseconds from the start of the load. */
export const PLAN = {
  cutOff: [6_000, 82_000],
  killed: [18_000, 21_000],
  kvDelayed: [28_000, 46_000],
  d1Slow: [48_000, 64_000],
  end: 92_000,
} as const;
const SLOW_MS = 150;
const [KV_MS, LATE_KV_MS] = [2_000, 20_000] as const;
const MAINTENANCE_MS = 10_000;

const REQUESTS_PER_SECOND = 250;
const MOST_UNDER_WAY = 150;
/** Every second change takes access away, the others create a key. */
const CHANGE_EVERY_MS = 350;
const RESTORED_AFTER_MS = 12_000;
/** One request in so many is a change at the upstream. */
const MUTATES_ONE_IN = 4;
/** The keys whose access is taken during a run. */
export const RESTRICTED_KEYS: number = Math.ceil(PLAN.end / (2 * CHANGE_EVERY_MS));

export interface Loaded {
  readonly seen: readonly Seen[];
  /** The statuses of changes at the upstream, by what marks them there. */
  readonly marks: ReadonlyMap<string, number>;
  readonly restrictions: ReadonlyMap<FleetKey, Restriction>;
  /** The keys that are valid at the end. */
  readonly valid: readonly FleetKey[];
  readonly changes: number;
  /** Changes that were not answered with 200 after many tries. */
  readonly failed: readonly string[];
  /** When the killed gateway served again. */
  readonly backAt: number;
  /** Sends one more request. */
  request(gateway: number, key: FleetKey, mutating: boolean): Promise<Seen>;
}

export interface LoadOptions {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly operator: Operator;
  readonly random: Random;
  /** Keys whose access stays, and keys whose access is taken. */
  readonly stable: readonly FleetKey[];
  readonly restricted: readonly FleetKey[];
  readonly say: (line: string) => void;
}

/** Sends requests and changes at a constant rate while the faults of the plan come and go. Ends once every one is answered. */
export async function playLoad(options: LoadOptions): Promise<Loaded> {
  const { fleet, storage, operator, random, say } = options;
  const started = performance.now();
  const now = () => performance.now() - started;
  const seen: Seen[] = [];
  const marks = new Map<string, number>();
  const restrictions = new Map<FleetKey, Restriction>();
  const valid = [...options.stable];
  const waiting = [...options.restricted];
  const changed: FleetKey[] = [];
  const failed: string[] = [];
  const underWay = new Set<Promise<unknown>>();
  let [changes, backAt] = [0, 0];

  function track(work: Promise<unknown>): void {
    underWay.add(work);
    void work.finally(() => underWay.delete(work));
  }

  async function request(gateway: number, key: FleetKey, mutating: boolean): Promise<Seen> {
    const mark = `m${seen.length}-${random.below(1e9)}`;
    const path = `${CLUSTERS}?mark=${mark}`;
    const sentAt = now();
    const answer = await send(
      fleet.port(gateway),
      key.token,
      mutating ? "POST" : "GET",
      path,
      mutating ? {} : undefined,
    );
    const each = { gateway, key: key.name, mutating, sentAt, answeredAt: now(), status: answer.status };
    seen.push(each);
    if (mutating) marks.set(mark, answer.status);
    return each;
  }

  async function restrict(key: FleetKey): Promise<void> {
    const times = { from: now(), answered: null, restoredFrom: null, restored: null };
    const restriction: Restriction = { what: String(key.way), ...times };
    restrictions.set(key, restriction);
    changed.push(key);
    await operator.until200(operator.restrictionOf(key));
    restriction.answered = now();
    changes += 1;
    if (key.way !== "disabled" || random.below(2) === 0) return;
    await delay(RESTORED_AFTER_MS);
    restriction.restoredFrom = now();
    await operator.until200(operator.restorationOf(key));
    restriction.restored = now();
    changes += 1;
  }

  async function create(name: string): Promise<void> {
    const key = await operator.createKey(name, null);
    if (key !== null) valid.push(key);
  }

  async function load(): Promise<void> {
    let [sent, begun] = [0, 0];
    while (now() < PLAN.end) {
      for (; sent < (now() * REQUESTS_PER_SECOND) / 1_000; sent += 1) {
        if (underWay.size > MOST_UNDER_WAY) continue;
        // Keys that were changed lately, that were ever changed, that will be changed soon, or that never are.
        const keys = random.pick([changed.slice(-20), changed, waiting.slice(0, 10), valid]);
        const key = random.pick(keys.length > 0 ? keys : valid);
        track(request(random.pick(GATEWAYS), key, random.below(MUTATES_ONE_IN) === 0));
      }
      for (; begun < now() / CHANGE_EVERY_MS; begun += 1) {
        const key = begun % 2 === 0 ? waiting.shift() : undefined;
        const change = key === undefined ? create(`n${begun}`) : restrict(key);
        track(change.catch((error: Error) => void failed.push(error.message)));
      }
      await delay(5);
    }
  }

  async function at(ms: number, what: string, act: () => void | Promise<void>): Promise<void> {
    await delay(Math.max(0, ms - now()));
    say(`${Math.round(now() / 1_000)} s: ${what}`);
    await act();
  }
  const route = fleet.routes[CUT_OFF] as Fleet["routes"][number];
  const cutOff = (isCutOff: boolean) => () => void Object.assign(route, { isCutOff });
  const delayKv = (kvDelayMs: number) => () => void Object.assign(storage, { kvDelayMs });
  const slow = (d1DelayMs: number) => () => fleet.routes.forEach((each) => void Object.assign(each, { d1DelayMs }));
  const restart = async () => {
    await fleet.start(KILLED);
    backAt = now();
  };
  delayKv(KV_MS)();
  const maintenance = setInterval(() => void fleet.maintain(STEADY).catch(() => undefined), MAINTENANCE_MS);
  await Promise.all([
    load(),
    at(PLAN.cutOff[0], "gateway 2 is cut off from D1", cutOff(true)),
    at(PLAN.cutOff[1], "gateway 2 reaches D1", cutOff(false)),
    at(PLAN.killed[0], "gateway 1 is killed", () => fleet.kill(KILLED)),
    at(PLAN.killed[1], "gateway 1 starts again", restart),
    at(PLAN.kvDelayed[0], "writes to KV are delayed", delayKv(LATE_KV_MS)),
    at(PLAN.kvDelayed[1], "writes to KV are not delayed", delayKv(KV_MS)),
    at(PLAN.d1Slow[0], "D1 is slow", slow(SLOW_MS)),
    at(PLAN.d1Slow[1], "D1 is not slow", slow(0)),
  ]).finally(() => clearInterval(maintenance));
  while (underWay.size > 0) await Promise.all(underWay);
  return { seen, marks, restrictions, valid, changes, failed, backAt, request };
}
