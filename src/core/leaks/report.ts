// Reports of leaked keys as they are sent: which of them are keys of this gateway. A forged one costs no read of storage.
import type { KeyHash } from "../access/principal.ts";
import { hashToken, type KeyRing, parseToken, verifyToken } from "../token/api-key-token.ts";

export const MAX_TOKENS = 10_000;
const MAX_URL = 1_024;

/** Who has reported a key. */
export type LeakSource = "github" | "signed" | "holder";

/** A key that was reported. */
export interface Leak {
  readonly hash: KeyHash;
  /** Where it was found; `null`: that was not said, or by nobody who is known. */
  readonly url: string | null;
  readonly source: LeakSource;
}

/** The hash of a text that a secret of the ring has signed; `null`: it is no key. */
export function hashOfKey(ring: KeyRing, text: unknown): KeyHash | null {
  const parsed = typeof text === "string" ? parseToken(ring, text) : null;
  return parsed !== null && verifyToken(ring, parsed) ? hashToken(parsed.token) : null;
}

/** A URL as it is stored and shown: http or https, without a user name, and not too long. */
export function leakUrl(text: unknown): string | null {
  const url = typeof text === "string" && text.length <= MAX_URL ? URL.parse(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") return null;
  return url.href.length <= MAX_URL ? url.href : null;
}

/** The tokens of a report of GitHub; `null`: it is no list of objects, or too long. */
export function readGithubReport(json: unknown): readonly Readonly<Record<string, unknown>>[] | null {
  if (!Array.isArray(json) || json.length > MAX_TOKENS) return null;
  return json.every((each) => typeof each === "object" && each !== null) ? json : null;
}
