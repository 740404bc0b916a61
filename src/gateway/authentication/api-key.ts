// Authentication by API key: the credential is verified against the key ring, without a read from storage.
import type { Denial } from "../../core/access/decision.ts";
import type { KeyHash } from "../../core/access/principal.ts";
import { claimsOf, hashIfKeyShaped, parseToken, verifyToken } from "../../core/token/api-key-token.ts";
import type { Background } from "../../store/common.ts";
import type { Need } from "../../store/key-cache/ports.ts";
import type { Gateway } from "../gateway.ts";
import type { RequestContext } from "../request-context.ts";
import { BEARER_LENGTH, readBearerToken } from "./bearer-token.ts";
import type { Credential } from "./credential.ts";

/**
 * Authenticate a request by the API key in its `Authorization` header.
 *
 * @returns the credential; the denial of a text that only looks like a key, or that is forged; `null` when there is
 *   nothing that looks like one of our keys
 */
export function authenticateKey(
  context: RequestContext,
  gateway: Gateway,
  background: Background,
): Credential | Denial | null {
  const authorization = context.request.headers.get("authorization");
  if (authorization === null || !isBearer(authorization)) return null;
  const keyHash = hashIfKeyShaped(gateway.ring, authorization, BEARER_LENGTH);
  if (keyHash === null) return null;
  const cached = gateway.keys.getCached(keyHash, context.now, background);
  const denial = cached === null ? verifyKey(authorization, gateway) : null;
  if (denial !== null) return denial;
  const text = authorization.slice(BEARER_LENGTH);
  return {
    text,
    keyHash,
    cached,
    resolve: (_, need) =>
      cached !== null && !need.fromPrimary
        ? Promise.resolve(cached)
        : resolveKey(keyHash, text, need, gateway, background),
  };
}

/**
 * Read the record of a key from storage.
 *
 * @param text the key, whose signature was verified
 */
export function resolveKey(
  hash: KeyHash,
  text: string,
  need: Need,
  gateway: Gateway,
  background: Background,
): ReturnType<Gateway["keys"]["resolve"]> {
  return gateway.keys.resolve({ hash, claims: claimsOf(text) }, need, background);
}

/**
 * Whether an `Authorization` has the Bearer scheme, whatever follows it. This is enough for a lookup in the key cache,
 * which holds nothing that `readBearerToken` would deny.
 */
export function isBearer(authorization: string): boolean {
  return authorization.startsWith("Bearer ") || authorization.slice(0, BEARER_LENGTH).toLowerCase() === "bearer ";
}

/** Why a text that is not cached is no key that this gateway has signed; `null` when it is one. */
function verifyKey(authorization: string, { ring }: Gateway): Denial | null {
  const text = readBearerToken(authorization);
  if (typeof text !== "string") return text;
  const token = parseToken(ring, text);
  if (token === null) return { reason: "token_malformed" };
  return verifyToken(ring, token) ? null : { reason: "signature_invalid" };
}
