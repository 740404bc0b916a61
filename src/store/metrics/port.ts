// What the isolates of a deployment have counted. Recording never throws and changes no response; when a read throws, the
// metrics are answered 503.
import type { Counters } from "../../core/metrics/counters.ts";
import type { Gauges, Totals } from "../../core/metrics/definitions.ts";
import type { Background } from "../common.ts";

/** The counters of this isolate, and when they are written. */
export interface MetricsRecorder {
  readonly counters: Counters;
  /** Notes a request that was decided on the record of a key: from when on the change feed has to be recent. */
  noteKeyRequest(now: number): void;
  /** Writes the counters behind the response, once in a minute. */
  writeIfDue(now: number, background: Background): void;
  /** Writes the counters now. Never rejects. */
  write(now: number): Promise<void>;
}

/** The counts of all isolates. */
export interface MetricsReader {
  /** Reads the totals of all isolates, as far as they were written, and the gauges. Throws when D1 cannot be read. */
  read(now: number): Promise<{ readonly totals: Totals; readonly gauges: Gauges }>;
}
