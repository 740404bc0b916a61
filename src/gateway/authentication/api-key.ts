// Authentication by API key: the credential is verified against the key ring, without a read from storage.
import type { Denial } from "../../core/access/decision.ts";
import type { KeyHash } from "../../core/access/principal.ts";
import type { Target } from "../../core/routing/match-operation.ts";
import { hashIfKeyShaped, parseToken, verifyToken } from "../../core/token/api-key-token.ts";
import type { Background } from "../../store/common.ts";
import type { Need, PendingKey, ResolvedKey, ResolvedPrincipal } from "../../store/key-cache/ports.ts";
import type { Gateway } from "../gateway.ts";
import type { RequestContext } from "../request-context.ts";
import { BEARER_LENGTH, isBearer, readBearerToken } from "./bearer-token.ts";

/** A credential that was verified, and the way to the record of its principal. */
export interface Credential {
  /** The credential itself: nothing else in the request may hold it. */
  readonly text: string;
  /** `null`: an operator's credential. */
  readonly keyHash: KeyHash | null;
  /** A cached record that is fresh enough for a read. */
  readonly cached: ResolvedKey | null;
  /**
   * Read the record from storage.
   *
   * @returns the record, a record whose confirmation is pending, or the denial of a principal that has none
   * @throws when storage, or the keys of an operator's issuer, cannot be read
   */
  resolve(target: Target, need: Need): Promise<ResolvedPrincipal | PendingKey | Denial>;
}

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
  return {
    text: authorization.slice(BEARER_LENGTH),
    keyHash,
    cached,
    resolve: (_, need) =>
      cached !== null && !need.fromPrimary ? Promise.resolve(cached) : gateway.keys.resolve(keyHash, need, background),
  };
}

/** Why a text that is not cached is no key that this gateway has signed; `null` when it is one. */
function verifyKey(authorization: string, { ring }: Gateway): Denial | null {
  const text = readBearerToken(authorization);
  if (typeof text !== "string") return text;
  const token = parseToken(ring, text);
  if (token === null) return { reason: "token_malformed" };
  return verifyToken(ring, token) ? null : { reason: "signature_invalid" };
}
