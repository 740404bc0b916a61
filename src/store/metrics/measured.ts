// D1 and KV whose operations are timed and counted for the metrics. Results and errors stay as they are.
import type { Counters } from "../../core/metrics/counters.ts";
import type { CountedName } from "../../core/metrics/definitions.ts";
import { isRead, wrapD1 } from "../lib/guarded-d1.ts";
import type { Clock } from "../lib/timeouts.ts";

/** The same database, measured. A batch is one operation. */
export function measureD1(db: D1Database, counters: Counters, clock: Clock): D1Database {
  return wrapD1(db, (sql, run) =>
    measure(run, ["d1_query", "d1_errors"], isRead(sql) ? "read" : "write", counters, clock),
  );
}

/** The same namespace, measured: of its methods, those that Gatehouse calls. */
export function measureKv(kv: KVNamespace, counters: Counters, clock: Clock): KVNamespace {
  const names = ["kv_operation", "kv_errors"] as const;
  return {
    get: (name: string, options: "json") => measure(() => kv.get(name, options), names, "get", counters, clock),
    put: (...values: Parameters<KVNamespace["put"]>) => measure(() => kv.put(...values), names, "put", counters, clock),
  } as unknown as KVNamespace;
}

async function measure<T>(
  run: () => Promise<T>,
  [times, errors]: readonly [CountedName, CountedName],
  label: string,
  counters: Counters,
  { now }: Clock,
): Promise<T> {
  const startedAt = now();
  try {
    return await run();
  } catch (error) {
    counters[errors].add(label);
    throw error;
  } finally {
    counters[times].observe(label, now() - startedAt);
  }
}
