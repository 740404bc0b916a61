// The caller's credential: one `Authorization: Bearer <key>`, and nothing that could be read in two ways.
// RFC 6750 section 2.1, RFC 9110 section 11. A key in the query is never read, one in the body neither.
import type { Denial } from "../../core/access/decision.ts";
import type { IncomingRequest } from "../lazy-request.ts";

/** Where the credential begins in an `Authorization` that `isBearer`. */
export const BEARER_LENGTH = "Bearer ".length;

/**
 * Whether an `Authorization` is of this scheme, whatever stands behind it. Enough to look that up among what was read and
 * verified before, where nothing is that `readCredential` would refuse.
 */
export function isBearer(authorization: string): boolean {
  return authorization.startsWith("Bearer ") || authorization.slice(0, BEARER_LENGTH).toLowerCase() === "bearer ";
}

/**
 * The token of a call, or why there is none.
 *
 * @param value the `Authorization` header
 * @returns the text behind the scheme, its shape not yet looked at; or the denial
 */
export function readCredential(value: string | null): string | Denial {
  if (value === null) return { reason: "credential_missing" };
  // Runtimes join repeated headers with ", ", and a comma is in no key of ours: either way there were two.
  if (value.includes(",")) return { reason: "credential_malformed", what: "duplicate" };
  return readBearer(value);
}

// Other places where clients put keys.
const OTHER_CARRIERS = ["x-api-key", "proxy-authorization"] as const;

/**
 * Whether a call brings a credential in another place as well: two servers could see two callers. In the address it would
 * end in the logs of everybody behind the door. RFC 6750 section 2: one way to send a key.
 */
export function hasSecondCredential({ url, headers }: IncomingRequest, credential: string): boolean {
  return url.includes(credential) || OTHER_CARRIERS.some((carrier) => headers.has(carrier));
}

function readBearer(value: string): string | Denial {
  // Scheme names have no case (RFC 9110 section 11.1).
  if (value.slice(0, 6).toLowerCase() !== "bearer") return { reason: "scheme_not_bearer" };
  const token = value.slice(7);
  if (token === "") return { reason: "token_malformed" };
  if (value[6] !== " ") {
    return value[6] === "\t" ? { reason: "credential_malformed", what: "spacing" } : { reason: "scheme_not_bearer" };
  }
  // One space, and none inside or behind: what a lenient reader would cut off, a strict one would not.
  if (/[\s\0]/.test(token)) return { reason: "credential_malformed", what: "spacing" };
  return token;
}
