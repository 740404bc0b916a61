// What the gateway takes from its runtime as globals, for a run: timers in virtual time, and the streams of workerd.
import type { World } from "./world.ts";

/** Puts the globals of a run in place. @returns puts back what was there before */
export function installRuntime(world: World): () => void {
  const timers = {
    setTimeout: (run: () => void, ms = 0) => world.after(ms, run),
    clearTimeout: stop,
    setInterval(run: () => void, ms: number) {
      let cancel = world.after(ms, again);
      function again() {
        cancel = world.after(ms, again);
        run();
      }
      return () => cancel();
    },
    clearInterval: stop,
  };
  const installed = { ...timers, IdentityTransformStream: ByteStream, FixedLengthStream: ByteStream };
  const globals = globalThis as unknown as Record<string, unknown>;
  const before = Object.keys(installed).map((name) => [name, globals[name]] as const);
  Object.assign(globals, installed);
  return () => {
    for (const [name, value] of before) globals[name] = value;
  };
}

function stop(timer: unknown): void {
  if (typeof timer === "function") timer();
}

/** The runtime's streams of these names hold a chunk, as a socket does. */
class ByteStream extends TransformStream {
  constructor() {
    super({}, { highWaterMark: 1 }, { highWaterMark: 1 });
  }
}
