// Times and lifetimes between the wire and milliseconds since the epoch.
import { NEVER_EXPIRES_TEXT } from "../core/token/api-key-token.ts";

const HOUR_MS = 3_600_000;

/** Milliseconds since the epoch as ISO 8601 in UTC. */
export function toIsoString(ms: number): string {
  return new Date(ms).toISOString();
}

/** `expire_after_hours` as a time in milliseconds since the epoch; 0 hours is `null`: never. */
export function expiryAfter(hours: number, now: number): number | null {
  return hours === 0 ? null : now + hours * HOUR_MS;
}

/** The `expiry_time` of a key or an operator; for `null` (never) the text that Aeon's clients know. */
export function toExpiryTime(expiresAt: number | null): string {
  return expiresAt === null ? NEVER_EXPIRES_TEXT : toIsoString(expiresAt);
}

/** A time filter, which the schema has checked, as milliseconds since the epoch; `null`: no bound. */
export function toTimeBound(text: string | undefined): number | null {
  return text === undefined ? null : Date.parse(text);
}
