// KV as one Cloudflare location sees it: it caches every read, misses included, until a test lets it catch up.
import type { KVNamespace } from "@cloudflare/workers-types";

export interface LaggyKV {
  readonly kv: KVNamespace;
  /** Clears the cache of the location. */
  catchUp(): void;
}

export function laggyKV(real: KVNamespace): LaggyKV {
  const cached = new Map<string, unknown>();
  return {
    kv: new Proxy(real, {
      get(target, name) {
        const own = Reflect.get(target, name);
        if (typeof own !== "function") return own;
        return async (key: string, ...given: unknown[]) => {
          if (name !== "get") return Reflect.apply(own, target, [key, ...given]);
          if (!cached.has(key)) cached.set(key, await Reflect.apply(own, target, [key, ...given]));
          return cached.get(key);
        };
      },
    }),
    catchUp: () => cached.clear(),
  };
}
