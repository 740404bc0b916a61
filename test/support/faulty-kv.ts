// A real KV namespace whose reads and writes are counted, and which a test can silence or fail.
import type { KVNamespace } from "@cloudflare/workers-types";
import type { Trouble } from "./modelled-store.ts";

export interface FaultyKV {
  readonly kv: KVNamespace;
  readonly counts: { gets: number; puts: number };
  onGet: Trouble;
  onPut: Trouble;
}

/** Wraps a namespace; without `onGet` and `onPut` it behaves as before. */
export function faultyKV(real: KVNamespace): FaultyKV {
  async function meet(trouble: Trouble): Promise<void> {
    if (trouble === "silent") await new Promise(() => undefined);
    if (trouble instanceof Error) throw trouble;
  }

  const faulty: FaultyKV = {
    counts: { gets: 0, puts: 0 },
    onGet: null,
    onPut: null,
    kv: new Proxy(real, {
      get(target, name) {
        const own = Reflect.get(target, name);
        if (typeof own !== "function") return own;
        return async (...given: unknown[]) => {
          if (name === "get") faulty.counts.gets += 1;
          if (name === "put") faulty.counts.puts += 1;
          await meet(name === "put" ? faulty.onPut : faulty.onGet);
          return Reflect.apply(own, target, given);
        };
      },
    }),
  };
  return faulty;
}
