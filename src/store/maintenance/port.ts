// Scheduled maintenance. When one of these throws, the error is logged and the next run tries again.

/** Jobs that may run concurrently, and may stop between any two steps. */
export interface Maintenance {
  /**
   * Writes pending keys to KV; returns how many, and throws at the end when one could not be written.
   *
   * @param ids of these, those that are pending; left out: a batch of any
   */
  syncKvCopies(ids?: readonly string[]): Promise<number>;
  /** Records one audit event for every key that has expired; returns how many. */
  recordExpiries(now: number): Promise<number>;
  /** Deletes the oldest lines of the change log; returns how many. */
  pruneChanges(now: number): Promise<number>;
}
