// Work of one isolate that is done once for everything that has asked for it meanwhile: many changes at once are not many
// runs over the same rows.
import { isRecent } from "./timeouts.ts";

/** A run that takes longer was canceled with its request; the next item starts another one. */
const CANCELED_AFTER_MS = 30_000;

/**
 * @param work does everything for some items, and never rejects
 * @param maxItems in one run; the next run takes the rest
 * @returns adds an item. Resolves at once when a run of this isolate is going to take it. Never rejects
 */
export function createWorkQueue<T>(
  work: (items: readonly T[], now: number) => Promise<void>,
  maxItems: number,
): (item: T, now: number) => Promise<void> {
  const waiting: T[] = [];
  let running: { readonly since: number } | null = null;

  return async (item, now) => {
    waiting.push(item);
    if (running !== null && isRecent(now, running.since, CANCELED_AFTER_MS)) return;
    const run = { since: now };
    running = run;
    while (waiting.length > 0 && running === run) await work(waiting.splice(0, maxItems), now);
    if (running === run) running = null;
  };
}
