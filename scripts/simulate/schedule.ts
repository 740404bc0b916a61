// What happens in a run besides requests, and how often: changes of each kind, maintenance, and faults.
import { requestChange } from "./changes.ts";
import { cutOff, letIdle, maintain, restore, stepClock } from "./faults.ts";
import { createIsolate, type Isolate, SKEW_MS } from "./isolate.ts";
import { createKey, lowerRole, setDisabled } from "./key-changes.ts";
import type { Key } from "./keys.ts";
import { swapCopies } from "./kv.ts";
import { addOperator, changeOperator, requestByOperator } from "./other-changes.ts";
import {
  OPERATORS,
  pickAllowed,
  pickChange,
  pickIsolate,
  pickRivals,
  pickSequence,
  RECENT_KEYS,
} from "./pick-change.ts";
import { sendRequest } from "./requests.ts";
import type { Scene } from "./scene.ts";

const CHANGES_EVERY_MS = 700;

/** Begins everything that happens besides requests. */
export function scheduleEverything(scene: Scene): void {
  const { random, isolates, operators, root } = scene;
  const any = () => random.pick(isolates);
  // An isolate that regards a key as expired tells nobody of its changes: a change is made where the clock is right.
  const right = () => random.pick(isolates.filter(({ clock }) => Math.abs(clock.skewMs) <= SKEW_MS));
  for (let i = 0; i < RECENT_KEYS; i += 1) {
    scene.world.after(10 * i, () => requestChange(scene, random.pick(isolates), root, createKey));
  }
  repeat(scene, CHANGES_EVERY_MS, () => requestChange(scene, right(), makerOf(scene), pickChange(scene)));
  repeat(scene, 4_000, () => {
    for (const change of pickRivals(scene)) requestChange(scene, right(), root, change);
  });
  repeat(scene, 3_000, () => {
    for (const [afterMs, change] of pickSequence(scene)) {
      scene.world.after(afterMs, () => requestChange(scene, right(), root, change));
    }
  });
  repeat(scene, 3_000, () => {
    if (operators.length === 0) return;
    const id = random.pick(operators.slice(-OPERATORS));
    void requestByOperator(scene, right(), id, pickChange(scene));
    if (random.happens(0.3)) requestChange(scene, right(), root, changeOperator(id));
  });
  // What is under way is ended, or begins when its key has just been.
  repeat(scene, 2_000, () => {
    const [key, isolate] = [pickAllowed(scene, "change"), pickIsolate(scene)];
    if (key === null || isolate === null) return;
    const endsAfterMs = random.between(-9_000, 15_000);
    const what = random.pick(["upload", "watch"] as const);
    scene.world.after(Math.max(0, -endsAfterMs), () => sendRequest(scene, isolate, key, what));
    scene.world.after(Math.max(0, endsAfterMs), () => requestChange(scene, right(), root, setDisabled(key, true)));
  });
  repeat(scene, 3_000, () => openLate(scene, right));
  // The actor of a change is changed at the same time.
  repeat(scene, 3_000, () => {
    const manager = pickAllowed(scene, "manage");
    if (manager === null) return;
    requestChange(scene, right(), manager, pickChange(scene));
    scene.world.after(random.between(0, 60), () => requestChange(scene, right(), root, lowerRole(manager)));
  });
  repeat(scene, 10_000, () => requestChange(scene, right(), root, addOperator));
  repeat(scene, 20_000, () => {
    void maintain(scene, right());
    // A run that takes long meets the next one.
    if (random.happens(0.5)) void maintain(scene, right());
  });
  repeat(scene, 5_000, () => swapCopies(scene));
  repeat(scene, 30_000, () => cutOff(scene, any()));
  repeat(scene, 5_000, () => letIdle(scene, any()));
  repeat(scene, 40_000, () => stepClock(scene, any()));
  repeat(scene, 40_000, () => {
    isolates[Math.floor(random.next() * isolates.length)] = createIsolate(scene);
  });
  // Never two at once.
  scene.world.after(60_000, function again() {
    restore(scene);
    scene.world.after(40_000 + random.wait(100_000), again);
  });
}

/** A response is opened on a cached record that is nearly too old, of a key that has ended meanwhile. */
function openLate(scene: Scene, right: () => Isolate): void {
  const { world, random, root } = scene;
  const [key, isolate] = [pickAllowed(scene, "read"), pickIsolate(scene)];
  if (key === null || isolate === null) return;
  sendRequest(scene, isolate, key, "read");
  isolate.idleUntil = world.now + 9_500;
  world.after(random.between(0, 500), () => requestChange(scene, right(), root, setDisabled(key, true)));
  world.after(random.between(8_500, 11_500), () => sendRequest(scene, isolate, key, "watch"));
}

/** Most changes are made by a key that stays; some by one that is changed itself, or may make none. */
function makerOf(scene: Scene): Key {
  const { random, keys, root } = scene;
  const share = random.next();
  if (share < 0.6 || keys.length === 0) return root;
  return share < 0.7 ? random.pick(keys) : (pickAllowed(scene, "manage") ?? root);
}

function repeat(scene: Scene, everyMs: number, act: () => void): void {
  scene.world.after(scene.random.wait(everyMs), () => {
    act();
    repeat(scene, everyMs, act);
  });
}
