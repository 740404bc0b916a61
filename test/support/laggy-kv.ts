// KV as one place sees it: what it has read once it goes on showing, "nothing" included, until a test lets it catch up.
import type { KVNamespace } from "@cloudflare/workers-types";

export interface LaggyKV {
  readonly kv: KVNamespace;
  /** The place sees what has been written until now. */
  catchUp(): void;
}

export function laggyKV(real: KVNamespace): LaggyKV {
  const shown = new Map<string, unknown>();
  return {
    kv: new Proxy(real, {
      get(target, name) {
        const own = Reflect.get(target, name);
        if (typeof own !== "function") return own;
        return async (key: string, ...given: unknown[]) => {
          if (name !== "get") return Reflect.apply(own, target, [key, ...given]);
          if (!shown.has(key)) shown.set(key, await Reflect.apply(own, target, [key, ...given]));
          return shown.get(key);
        };
      },
    }),
    catchUp: () => shown.clear(),
  };
}
