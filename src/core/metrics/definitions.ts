// Every metric that Gatehouse serves, as data: docs/observability.md lists them, and a test compares both.
// Names and units as in OpenMetrics 1.0; a counter's name is here without "_total".

export interface Metric {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** Values are gathered in milliseconds where this is "seconds". */
  readonly unit?: "seconds";
  readonly help: string;
  readonly label?: string;
  /** The values of the label that are served from the start, with 0; others as soon as they occur. */
  readonly values?: readonly string[];
}

/** Upper bounds of the buckets of every histogram, in milliseconds. */
export const BUCKETS_MS = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000] as const;

/** Counted by isolates, by the name under which their totals are stored. Names never change. */
export const COUNTED = {
  requests: {
    name: "gatehouse_requests",
    type: "counter",
    help: "Requests by outcome. public: answered without a credential. failed: 503, or no valid response of the upstream.",
    label: "outcome",
    values: ["allowed", "denied", "failed", "public"],
  },
  denials: { name: "gatehouse_denials", type: "counter", help: "Denied requests by reason.", label: "reason" },
  rate_limited: {
    name: "gatehouse_rate_limited",
    type: "counter",
    help: "Requests that a rate limit has denied: of a key, or of an address after failed authentication.",
    label: "limit",
    values: ["key", "address"],
  },
  key_lookups: {
    name: "gatehouse_key_lookups",
    type: "counter",
    help: "Requests of keys by where the record came from that they were decided on. memory: the key cache.",
    label: "source",
    values: ["memory", "kv", "d1"],
  },
  degraded_requests: {
    name: "gatehouse_degraded_requests",
    type: "counter",
    help: "Requests that were decided on a record that D1 could not confirm.",
  },
  degraded: {
    name: "gatehouse_degraded_seconds",
    type: "counter",
    unit: "seconds",
    help: "Seconds in which an isolate has decided a request on such a record, added up over isolates.",
  },
  upstream_responses: {
    name: "gatehouse_upstream_responses",
    type: "counter",
    help: "Responses of the upstream that reached a client, by class of the status.",
    label: "status",
    values: ["2xx", "3xx", "4xx", "5xx"],
  },
  upstream_errors: {
    name: "gatehouse_upstream_errors",
    type: "counter",
    help: "Forwarded requests without a valid response, by reason. incomplete: the client has broken off its body.",
    label: "reason",
    values: ["timeout", "unreachable", "invalid", "unauthorized", "incomplete", "canceled"],
  },
  upstream_response: {
    name: "gatehouse_upstream_response_seconds",
    type: "histogram",
    unit: "seconds",
    help: "From the decision on a request until the headers of its response, or the error. Includes the request body.",
  },
  d1_query: {
    name: "gatehouse_d1_query_seconds",
    type: "histogram",
    unit: "seconds",
    help: "Statements and batches of D1 as the Worker waits for them, those that fail included.",
    label: "kind",
    values: ["read", "write"],
  },
  d1_errors: {
    name: "gatehouse_d1_errors",
    type: "counter",
    help: "Statements and batches of D1 that failed. A statement that never answers is neither here nor in the histogram.",
    label: "kind",
    values: ["read", "write"],
  },
  kv_operation: {
    name: "gatehouse_kv_operation_seconds",
    type: "histogram",
    unit: "seconds",
    help: "Operations of Workers KV, those that fail included.",
    label: "operation",
    values: ["get", "put"],
  },
  kv_errors: {
    name: "gatehouse_kv_errors",
    type: "counter",
    help: "Operations of Workers KV that failed.",
    label: "operation",
    values: ["get", "put"],
  },
  faults: {
    name: "gatehouse_faults",
    type: "counter",
    help: "Lines of the log with kind fault, by reason. request: a request that was answered 503, 502 or 504.",
    label: "reason",
  },
  isolates: {
    name: "gatehouse_isolates_started",
    type: "counter",
    help: "Isolates that have counted a request or a scheduled run.",
  },
} as const satisfies Readonly<Record<string, Metric>>;

export type CountedName = keyof typeof COUNTED;

/** Read when they are served. */
export const GAUGES = {
  isolates_active: {
    name: "gatehouse_isolates_active",
    type: "gauge",
    help: "Isolates that have written their counts in the last three minutes.",
  },
  uses_unwritten: {
    name: "gatehouse_uses_unwritten",
    type: "gauge",
    help: "Uses of keys that these isolates had not written to D1 when they wrote their counts: not exact, up to a minute old.",
  },
  feed_age: {
    name: "gatehouse_change_feed_age_seconds",
    type: "gauge",
    unit: "seconds",
    help: "Age of the change feed at the last request of a key to each of these isolates, the highest of them: up to a minute old.",
  },
  audit_unsealed: {
    name: "gatehouse_audit_events_unsealed",
    type: "gauge",
    help: "Audit events that are not sealed yet; 10000 stands for that many or more.",
  },
  audit_lag: {
    name: "gatehouse_audit_seal_lag_seconds",
    type: "gauge",
    unit: "seconds",
    help: "Age of the oldest of these events; 0 without one.",
  },
  webhook_backlog: {
    name: "gatehouse_webhook_backlog",
    type: "gauge",
    help: "Deliveries that enabled endpoints wait for, and events not yet compared with their filters. 10000 deliveries stand for more.",
  },
  webhook_failing: {
    name: "gatehouse_webhook_failing_seconds",
    type: "gauge",
    unit: "seconds",
    help: "For how long the enabled endpoint that fails longest has failed; 0 without one.",
  },
  kv_pending: {
    name: "gatehouse_kv_keys_pending",
    type: "gauge",
    help: "Changed keys whose copy is not written to KV yet; 10000 stands for that many or more.",
  },
} as const satisfies Readonly<Record<string, Metric>>;

export type GaugeName = keyof typeof GAUGES;

/** The value of every gauge, times in milliseconds. */
export type Gauges = Readonly<Record<GaugeName, number>>;

/** What was counted, as whole numbers: `name`, `name|label`, and of a histogram `name|label|bound` and `name|label|sum`. */
export type Totals = Readonly<Record<string, number>>;
