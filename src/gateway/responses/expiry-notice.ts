// Tells the clients of a key that it ends soon, in every response, so that the log of a job shows it.
const DAY_MS = 86_400_000;

/** From this long before the end on. */
const NOTICE_MS = 30 * DAY_MS;

/**
 * Adds `Gatehouse-Key-Expires-In`, and `Sunset` (RFC 8594) unless the upstream says when the resource itself ends.
 *
 * @param expiresAt when the key ends, in milliseconds since the epoch
 */
export function addExpiryNotice(headers: Headers, expiresAt: number, now: number): void {
  const leftMs = expiresAt - now;
  if (leftMs <= 0 || leftMs > NOTICE_MS) return;
  headers.set("gatehouse-key-expires-in", durationText(leftMs));
  if (!headers.has("sunset")) headers.set("sunset", new Date(expiresAt).toUTCString());
}

/** In the largest unit of which at least one is left, such as "3d", "5h" or "12m". */
function durationText(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes >= 1_440) return `${Math.floor(minutes / 1_440)}d`;
  return minutes >= 60 ? `${Math.floor(minutes / 60)}h` : `${minutes}m`;
}
