// One run: some isolates, many keys, calls in their order, and everything that happens to keys meanwhile.
import { setImmediate } from "node:timers/promises";
import { createIsolate, type Flaw, type Isolate } from "./isolate.ts";
import { createJudge, type Judge, type Promised, type StrongCheck } from "./judge.ts";
import type { KvHistory } from "./ports.ts";
import { createTruth, type Key, type Kind, NARROWINGS, type Truth } from "./truth.ts";
import { type Chance, createChance, createWorld, type World } from "./world.ts";

const ISOLATES = 16;
const KEYS_AT_FIRST = 150;
const CALLS_EVERY_MS = 5;
const CHANGES_EVERY_MS = 2_000;
/** A key that was narrowed this lately is called more than others: that is where a promise would break. */
const HUNTED_FOR_MS = 240_000;

export interface Options {
  readonly seed: number;
  readonly calls: number;
  readonly strongCheck: StrongCheck;
  readonly staleIfErrorMs: number;
  readonly flaw: Flaw;
  readonly onProgress: (calls: number) => void;
}

export interface Outcome {
  readonly promises: readonly Promised[];
  readonly answered: Judge["answered"];
  readonly reads: { readonly rows: number; readonly copies: number; readonly logs: number };
  readonly virtualMs: number;
}

interface Scene {
  readonly world: World;
  readonly chance: Chance;
  readonly truth: Truth;
  readonly history: KvHistory;
  readonly judge: Judge;
  readonly isolates: Isolate[];
  readonly gone: Isolate[];
  readonly hunted: { readonly key: Key; readonly until: number }[];
  readonly build: () => Isolate;
}

export async function simulate(options: Options): Promise<Outcome> {
  const scene = setUp(options);
  const { world, chance } = scene;
  let instant = 0;
  for (let call = 0; call < options.calls; call += 1) {
    instant += chance.wait(CALLS_EVERY_MS);
    await world.passTo(instant);
    makeCall(scene);
    if (call % 10_000 === 0) options.onProgress(call);
  }
  // What is still under way comes to its end.
  await setImmediate();
  await world.passTo(instant + 5_000);
  const reaches = [...scene.isolates, ...scene.gone].map(({ reach }) => reach);
  for (const { shortestGapMs } of reaches) scene.judge.noteGap(shortestGapMs);
  const sum = (of: (reach: Isolate["reach"]) => number) => reaches.reduce((total, reach) => total + of(reach), 0);
  return {
    promises: scene.judge.promises,
    answered: scene.judge.answered,
    reads: { rows: sum((r) => r.rowReads), copies: sum((r) => r.copyReads), logs: sum((r) => r.logReads) },
    virtualMs: world.now,
  };
}

function setUp({ seed, strongCheck, staleIfErrorMs, flaw }: Options): Scene {
  const chance = createChance(seed);
  const world = createWorld();
  const truth = createTruth(world, chance);
  const history: KvHistory = new Map();
  const judge = createJudge(strongCheck, staleIfErrorMs);
  const build = () =>
    createIsolate(world, chance, truth, history, judge, { strongCheck, staleIfErrorMs, cacheSize: 200, flaw });
  const isolates = Array.from({ length: ISOLATES }, build);
  const scene: Scene = { world, chance, truth, history, judge, isolates, gone: [], hunted: [], build };
  for (let i = 0; i < KEYS_AT_FIRST; i += 1) createKey(scene);
  repeat(scene, CHANGES_EVERY_MS, () => narrowSome(scene));
  repeat(scene, CHANGES_EVERY_MS, () => createKey(scene));
  repeat(scene, 30_000, () => cutOff(scene));
  repeat(scene, 40_000, () => replaceIsolate(scene));
  return scene;
}

function repeat(scene: Scene, everyMs: number, act: () => void): void {
  scene.world.after(scene.chance.wait(everyMs), () => {
    act();
    repeat(scene, everyMs, act);
  });
}

function makeCall(scene: Scene): void {
  const { chance, isolates, hunted, world, truth } = scene;
  while (hunted[0] !== undefined && hunted[0].until < world.now) hunted.shift();
  // A few busy isolates and many that are nearly idle; recent keys more than old ones.
  const isolate = isolates[Math.floor(chance.next() ** 3 * isolates.length)] as Isolate;
  const back = Math.floor(chance.next() ** 2 * Math.min(truth.keys.length, KEYS_AT_FIRST));
  const any = truth.keys[truth.keys.length - 1 - back] as Key;
  const key = hunted.length > 0 && chance.happens(0.4) ? chance.pick(hunted).key : any;
  const kind: Kind = chance.happens(0.1) ? "mutation" : "read";
  isolate.call(key, kind);
}

function createKey(scene: Scene): void {
  tellKv(scene, scene.truth.create());
}

function narrowSome(scene: Scene): void {
  const { chance, truth, world, hunted } = scene;
  const many = chance.happens(0.05);
  const from = truth.keys.length - 1 - Math.floor(chance.next() * Math.min(truth.keys.length, KEYS_AT_FIRST));
  const keys = many ? truth.keys.slice(from, from + 10) : [truth.keys[from] as Key];
  const how = many ? "lower the role" : chance.pick(NARROWINGS);
  truth.narrow(keys, how, many && chance.happens(0.5), world.now + chance.between(2, 40));
  for (const key of keys) {
    hunted.push({ key, until: world.now + HUNTED_FOR_MS });
    tellKv(scene, key);
  }
}

/** After the commit, best effort: half of it is lost. */
function tellKv({ truth, world, chance, history }: Scene, key: Key): void {
  const copy = truth.read(key.hash)?.copy;
  world.after(chance.between(10, 500), () => {
    if (copy === undefined || chance.happens(0.5)) return;
    const writes = history.get(key.hash);
    if (writes === undefined) history.set(key.hash, [{ at: world.now, copy }]);
    else writes.push({ at: world.now, copy });
  });
}

function cutOff({ chance, isolates, world }: Scene): void {
  const { reach } = chance.pick(isolates);
  if (world.now < reach.cutOffUntil) return;
  reach.cutOffUntil = world.now + chance.between(5_000, 200_000);
  reach.silent = chance.happens(0.3);
}

function replaceIsolate({ chance, isolates, gone, build }: Scene): void {
  const place = Math.floor(chance.next() * isolates.length);
  gone.push(isolates[place] as Isolate);
  isolates[place] = build();
}
