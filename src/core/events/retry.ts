// When a delivery that has failed is tried again: the schedule of Standard Webhooks.

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** The delays before the second try and those after it. */
const DELAYS = [
  ...[5 * SECOND, 5 * MINUTE, 30 * MINUTE],
  ...[2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR],
];

/** For so long nothing may arrive before an endpoint is disabled. */
export const FAILING_MS = 5 * 24 * HOUR;

/**
 * When a delivery is tried next.
 *
 * @param tries how often it was tried, at least once
 * @returns milliseconds since the epoch; `null`: not any more
 */
export function nextTryAt(tries: number, now: number): number | null {
  const delay = DELAYS[tries - 1];
  return delay === undefined ? null : now + delay;
}
