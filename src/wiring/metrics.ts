// Wires what is counted for the metrics, where METRICS_TOKEN is set; without it, nothing is measured and nothing written.
import type { Config } from "../config/config.ts";
import { type Counters, createCounters } from "../core/metrics/counters.ts";
import type { Metrics } from "../gateway/gateway.ts";
import type { Log } from "../log.ts";
import type { Clock } from "../store/lib/timeouts.ts";
import { measureD1, measureKv } from "../store/metrics/measured.ts";
import { createMetricsRecorder, type IsolateState } from "../store/metrics/recorder.ts";

/** The counters of this isolate; `null`: METRICS_TOKEN is not set. */
export function countersOf({ metricsToken }: Config): Counters | null {
  return metricsToken === null ? null : createCounters();
}

/** The bindings of storage, measured. */
export function measureStorage(config: Config, counters: Counters | null, clock: Clock): Config {
  if (counters === null) return config;
  return { ...config, db: measureD1(config.db, counters, clock), kv: measureKv(config.kv, counters, clock) };
}

/** The same log, whose faults are counted by their reason. */
export function countFaults(log: Log, counters: Counters | null): Log {
  if (counters === null) return log;
  return {
    ...log,
    write(kind, fields) {
      if (kind === "fault") counters.faults.add(fields.reason ?? "request");
      log.write(kind, fields);
    },
  };
}

/**
 * What counts requests, and serves the metrics.
 *
 * @param state asked with each write
 */
export function createMetrics(
  { db, metricsToken }: Config,
  counters: Counters | null,
  clock: Clock,
  state: () => IsolateState,
  onError: (what: string, error: unknown) => void,
): Metrics | null {
  if (counters === null || metricsToken === null) return null;
  return {
    ...createMetricsRecorder(db, counters, clock, state, onError),
    token: metricsToken,
    reader: async () => (await import("../store/metrics/repository.ts")).createMetricsReader(db),
  };
}
