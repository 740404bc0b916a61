// The credential of a request: one `Authorization: Bearer <token>`, with one reading only.
// RFC 6750 section 2.1, RFC 9110 section 11. A key in the query or in the body is never read.
import type { Denial } from "../../core/access/decision.ts";

/** Where the token begins in an `Authorization` of the Bearer scheme. */
export const BEARER_LENGTH = "Bearer ".length;

/**
 * Read the token of a request.
 *
 * @param authorization the `Authorization` header; `null` when there is none
 * @returns the text after the scheme, whose format is not checked yet; or the denial
 */
export function readBearerToken(authorization: string | null): string | Denial {
  if (authorization === null) return { reason: "credential_missing" };
  // Runtimes join repeated headers with ", ", and no key of ours has a comma: in both cases there were two.
  if (authorization.includes(",")) return { reason: "credential_malformed", what: "duplicate" };
  // Scheme names are case-insensitive (RFC 9110 section 11.1).
  if (authorization.slice(0, 6).toLowerCase() !== "bearer") return { reason: "scheme_not_bearer" };
  const token = authorization.slice(BEARER_LENGTH);
  if (token === "") return { reason: "token_malformed" };
  const separator = authorization[6];
  if (separator === "\t") return { reason: "credential_malformed", what: "spacing" };
  if (separator !== " ") return { reason: "scheme_not_bearer" };
  // One space, and none inside or after the token: a lenient reader would cut it where a strict one would not.
  if (/[\s\0]/.test(token)) return { reason: "credential_malformed", what: "spacing" };
  return token;
}
