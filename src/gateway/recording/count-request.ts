// Counts a request for the metrics. Nothing here waits, reads a clock or changes the response.
import type { Background } from "../../store/common.ts";
import type { MetricsRecorder } from "../../store/metrics/port.ts";
import type { RequestContext } from "../request-context.ts";

/** Count a request that was answered, and write the counters behind its response when that is due. Never throws. */
export function countRequest(context: RequestContext, metrics: MetricsRecorder, background: Background): void {
  const { counters } = metrics;
  const { denial, found, credential, answered, now } = context;
  counters.requests.add(outcomeOf(context));
  if (denial !== null) {
    counters.denials.add(denial.reason);
    if (denial.reason === "rate_limited") counters.rate_limited.add(denial.whose);
  }
  if (found !== null && credential?.keyHash) {
    counters.key_lookups.add(found.source);
    metrics.noteKeyRequest(now);
    if (found.degraded) counters.countDegraded(now);
  }
  if (answered !== null && context.forwardedAt !== 0) {
    counters.upstream_response.observe("", answered.at - context.forwardedAt);
    if (typeof answered.with === "string") counters.upstream_errors.add(answered.with);
    else counters.upstream_responses.add(CLASSES[Math.floor(answered.with / 100)] ?? "other");
  }
  metrics.writeIfDue(now, background);
}

const CLASSES = ["", "1xx", "2xx", "3xx", "4xx", "5xx"] as const;

function outcomeOf({ error, denial, credential }: RequestContext): "allowed" | "denied" | "failed" | "public" {
  if (error !== null) return "failed";
  if (denial !== null) return "denied";
  return credential === null ? "public" : "allowed";
}
