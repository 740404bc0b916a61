// One run: some isolates, many keys, requests in their order, and everything that happens meanwhile.
import { setImmediate } from "node:timers/promises";
import { type Guarantee, isKept } from "./bounds.ts";
import { createDatabase } from "./database.ts";
import { countDoubleExpiries } from "./faults.ts";
import { createIsolate } from "./isolate.ts";
import { createJudge, type Judge } from "./judge.ts";
import { createRing, type Key, mint } from "./keys.ts";
import { pickIsolate, RECENT_KEYS } from "./pick-change.ts";
import { populate } from "./population.ts";
import { sendRequest, type What } from "./requests.ts";
import { installRuntime } from "./runtime.ts";
import type { Scene, Settings } from "./scene.ts";
import { scheduleEverything } from "./schedule.ts";
import { createTruth } from "./truth.ts";
import { createRandom, createWorld } from "./world.ts";

const ISOLATES = 16;
const REQUESTS_EVERY_MS = 5;

export interface Options extends Settings {
  readonly seed: number;
  readonly requests: number;
  readonly onProgress: (requests: number) => void;
  /** Ends the run with the first guarantee that is broken. */
  readonly stopWhenBroken?: boolean;
}

export interface Outcome {
  readonly guarantees: readonly Guarantee[];
  readonly answered: Judge["answered"];
  readonly virtualMs: number;
}

export async function simulate(options: Options): Promise<Outcome> {
  const scene = setUp(options);
  const { world, random, judge } = scene;
  const restoreRuntime = installRuntime(world);
  try {
    let time = 0;
    for (let request = 0; request < options.requests; request += 1) {
      time += random.wait(REQUESTS_EVERY_MS);
      await world.passTo(time);
      sendOne(scene);
      if (request % 1_000 > 0) continue;
      options.onProgress(request);
      if (options.stopWhenBroken && !judge.guarantees.every(isKept)) break;
    }
    // Everything under way comes to its end.
    await setImmediate();
    await world.passTo(time + 5_000);
    judge.noteExpiries(countDoubleExpiries(scene));
    return { guarantees: judge.guarantees, answered: judge.answered, virtualMs: world.now };
  } finally {
    restoreRuntime();
  }
}

function setUp(options: Options): Scene {
  const random = createRandom(options.seed);
  const world = createWorld();
  const database = createDatabase(world);
  const truth = createTruth(world, database);
  const judge = createJudge(truth, options.strongCheck, options.staleIfErrorMs);
  const ring = createRing();
  const root = mint(ring, random.uuid(), null);
  const scene: Scene = {
    ...{ world, random, database, truth, judge, ring, root, noteGap: judge.noteGap },
    ...{ strongCheck: options.strongCheck, staleIfErrorMs: options.staleIfErrorMs },
    ...{ history: new Map(), isolates: [], keys: [], hot: [], operators: [], ended: [] },
    ...populate(database, root, random),
  };
  database.onCommit = () => {
    scene.ended = truth.observe();
  };
  truth.observe();
  for (let i = 0; i < ISOLATES; i += 1) scene.isolates.push(createIsolate(scene));
  scheduleEverything(scene);
  return scene;
}

function sendOne(scene: Scene): void {
  const { random, hot, world, keys } = scene;
  while (hot[0] !== undefined && hot[0].until < world.now) hot.shift();
  const isolate = pickIsolate(scene);
  if (keys.length === 0 || isolate === null) return;
  // Recent keys more than old ones.
  const back = Math.floor(random.next() ** 2 * Math.min(keys.length, RECENT_KEYS));
  const any = keys[keys.length - 1 - back] as Key;
  const key = hot.length > 0 && random.happens(0.4) ? random.pick(hot).key : any;
  sendRequest(scene, isolate, key, kindOf(random.next()));
}

function kindOf(share: number): What {
  if (share < 0.895) return "read";
  if (share < 0.985) return "change";
  if (share < 0.99) return "slow change";
  return share < 0.995 ? "upload" : "watch";
}
