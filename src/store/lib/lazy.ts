// A value of one isolate that is made with the first request that needs it.

/**
 * Make a value once, and keep it. A failure is not kept.
 *
 * Requests that come before it is made make their own, since none may await what another one settles (PAUSE_MS), and use the first
 * one that is made.
 *
 * @returns the value, or the error of making it
 */
export function lazy<T>(make: () => Promise<T>): () => Promise<T> {
  let kept: { readonly value: T } | null = null;
  return async () => {
    if (kept !== null) return kept.value;
    const value = await make();
    kept ??= { value };
    return kept.value;
  };
}
