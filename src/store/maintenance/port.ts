// Scheduled maintenance. When a job throws, the error is logged and the next run tries again.

/** What the scheduled handler does. Safe to run twice at the same time; a crash between two steps leaves nothing wrong. */
export interface Maintenance {
  /** Tells KV what it missed. Returns how many keys were put; throws in the end when one could not be. */
  syncKvCopies(): Promise<number>;
  /** Writes the "Expire API Key" event of every key whose time has passed, once. Returns how many. */
  recordExpiries(now: number): Promise<number>;
  /** Forgets the oldest changes, which nothing can still rely on. Returns how many. */
  pruneChanges(now: number): Promise<number>;
}
