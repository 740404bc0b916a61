// One run: some isolates, many keys, requests in their order, and everything that happens to keys meanwhile.
import { setImmediate } from "node:timers/promises";
import { createIsolate, type Isolate, type Settings, type Surroundings } from "./isolate.ts";
import { createJudge, type Guarantee, type Judge } from "./judge.ts";
import { writeToKv } from "./ports.ts";
import { createPrimary, type Key, LINES, NARROWINGS } from "./primary.ts";
import { createRandom, createWorld } from "./world.ts";

const ISOLATES = 16;
const KEYS_AT_FIRST = 150;
const REQUESTS_EVERY_MS = 5;
const CHANGES_EVERY_MS = 2_000;
/** A recently narrowed key gets more requests than others: it is where a guarantee would break. */
const HOT_FOR_MS = 240_000;

export interface Options extends Settings {
  readonly seed: number;
  readonly requests: number;
  readonly onProgress: (requests: number) => void;
}

export interface Outcome {
  readonly guarantees: readonly Guarantee[];
  readonly answered: Judge["answered"];
  readonly virtualMs: number;
}

interface Scene extends Surroundings {
  readonly isolates: Isolate[];
  readonly hot: { readonly key: Key; readonly until: number }[];
}

export async function simulate(options: Options): Promise<Outcome> {
  const scene = setUp(options);
  const { world, random, judge } = scene;
  let time = 0;
  for (let request = 0; request < options.requests; request += 1) {
    time += random.wait(REQUESTS_EVERY_MS);
    await world.passTo(time);
    sendRequest(scene);
    if (request % 10_000 === 0) options.onProgress(request);
  }
  // Everything under way comes to its end.
  await setImmediate();
  await world.passTo(time + 5_000);
  return { guarantees: judge.guarantees, answered: judge.answered, virtualMs: world.now };
}

function setUp(options: Options): Scene {
  const random = createRandom(options.seed);
  const world = createWorld();
  const primary = createPrimary(world, random);
  const judge = createJudge(options.strongCheck, options.staleIfErrorMs);
  const scene: Scene = { ...options, world, random, primary, history: new Map(), judge, isolates: [], hot: [] };
  const build = (index: number) => {
    scene.isolates[index] = createIsolate(scene);
  };
  for (let i = 0; i < ISOLATES; i += 1) build(i);
  for (let i = 0; i < KEYS_AT_FIRST; i += 1) createKey(scene);
  repeat(scene, CHANGES_EVERY_MS, () => narrowSome(scene));
  repeat(scene, CHANGES_EVERY_MS, () => widenOne(scene));
  repeat(scene, CHANGES_EVERY_MS, () => createKey(scene));
  repeat(scene, 30_000, () => cutOff(scene));
  repeat(scene, 40_000, () => build(Math.floor(random.next() * ISOLATES)));
  return scene;
}

function repeat(scene: Scene, everyMs: number, act: () => void): void {
  scene.world.after(scene.random.wait(everyMs), () => {
    act();
    repeat(scene, everyMs, act);
  });
}

function sendRequest({ random, isolates, hot, world, primary: { keys } }: Scene): void {
  while (hot[0] !== undefined && hot[0].until < world.now) hot.shift();
  // A few busy isolates and many that are nearly idle; recent keys more than old ones.
  const isolate = isolates[Math.floor(random.next() ** 3 * isolates.length)] as Isolate;
  const back = Math.floor(random.next() ** 2 * Math.min(keys.length, KEYS_AT_FIRST));
  const any = keys[keys.length - 1 - back] as Key;
  const key = hot.length > 0 && random.happens(0.4) ? random.pick(hot).key : any;
  isolate.serve(key, random.happens(0.1) ? "change" : "read");
}

function createKey(scene: Scene): void {
  copyToKv(scene, scene.primary.create());
}

function narrowSome(scene: Scene): void {
  const { random, primary, world } = scene;
  const many = random.happens(0.05);
  if (many && random.happens(0.7)) {
    emptyRole(scene);
    return;
  }
  const from = primary.keys.length - 1 - Math.floor(random.next() * Math.min(primary.keys.length, KEYS_AT_FIRST));
  const keys = primary.keys.slice(from, from + (many ? 10 : 1));
  const how = many ? "lower the role" : random.pick(NARROWINGS);
  primary.narrow(keys, how, many && random.happens(0.5) ? "everything" : "keys", world.now + random.between(2, 40));
  narrowed(scene, keys);
  // Their successors.
  if (how === "rotate") for (const _ of keys) createKey(scene);
}

/** An edit of a custom role: all its keys lose every permission, in one transaction. */
function emptyRole(scene: Scene): void {
  const { random, primary, world } = scene;
  const custom = primary.keys.slice(-KEYS_AT_FIRST).filter(({ row }) => row.permissions !== null);
  if (custom.length === 0) return;
  const keys = primary.sharing(random.pick(custom));
  primary.narrow(keys, "empty the role", random.pick(LINES), world.now + random.between(2, 40));
  narrowed(scene, keys);
}

function narrowed(scene: Scene, keys: readonly Key[]): void {
  const { hot, world } = scene;
  for (const key of keys) {
    hot.push({ key, until: world.now + HOT_FOR_MS });
    copyToKv(scene, key);
  }
}

/** Enables a key that was disabled not long ago, or moves its expiry back. */
function widenOne(scene: Scene): void {
  const { random, primary, world, hot } = scene;
  const narrowed = hot.filter(({ key }) => key.undone !== null);
  if (narrowed.length === 0) return;
  const { key } = random.pick(narrowed);
  if (!primary.widen(key, world.now + random.between(2, 40))) return;
  hot.push({ key, until: world.now + HOT_FOR_MS });
  copyToKv(scene, key);
}

/** After the commit, best effort: half of it is lost. */
function copyToKv({ primary, world, random, history }: Scene, key: Key): void {
  const copy = primary.read(key.hash)?.copy;
  world.after(random.between(10, 500), () => {
    if (copy !== undefined && !random.happens(0.5)) writeToKv(history, key.hash, world.now, copy);
  });
}

function cutOff({ random, isolates, world }: Scene): void {
  const { link } = random.pick(isolates);
  if (world.now < link.cutOffUntil) return;
  link.cutOffUntil = world.now + random.between(5_000, 200_000);
  link.silent = random.happens(0.3);
}
