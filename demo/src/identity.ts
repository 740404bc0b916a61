// Who is calling? Believes nothing but a fresh identity that the door has signed; has never seen an API key.
import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey, jwtVerify } from "jose";
import type { Config } from "./env.ts";

export interface Caller {
  readonly keyId: string;
  readonly accountId: string;
  readonly role: string;
}

export type Identification =
  | { readonly outcome: "known"; readonly caller: Caller }
  | { readonly outcome: "refused" }
  | { readonly outcome: "keys_unreachable"; readonly cause: unknown };

/** What jose says when the token is at fault. Anything else means that the keys could not be had: 503, and stay shut. */
const TOKEN_FAULTS: ReadonlySet<string> = new Set([
  errors.JOSEAlgNotAllowed.code,
  errors.JOSENotSupported.code,
  errors.JWKSMultipleMatchingKeys.code,
  errors.JWKSNoMatchingKey.code,
  errors.JWSInvalid.code,
  errors.JWSSignatureVerificationFailed.code,
  errors.JWTClaimValidationFailed.code,
  errors.JWTExpired.code,
  errors.JWTInvalid.code,
]);

/**
 * The caller that the door vouches for.
 *
 * @param token the header `Gatehouse-Identity`, `null` when there is none
 * @param config audience, issuer and the address of the door's keys
 * @param now milliseconds since the epoch
 */
export async function identify(token: string | null, config: Config, now: number): Promise<Identification> {
  if (token === null) return { outcome: "refused" };
  try {
    const { payload } = await jwtVerify(token, doorKeys(config), {
      algorithms: ["EdDSA"],
      audience: config.audience,
      issuer: config.issuer,
      requiredClaims: ["exp", "iat", "sub", "acc"],
      clockTolerance: 5,
      currentDate: new Date(now),
    });
    const { sub, acc, role } = payload;
    if (!sub || typeof acc !== "string" || acc === "") return { outcome: "refused" };
    return { outcome: "known", caller: { keyId: sub, accountId: acc, role: typeof role === "string" ? role : "" } };
  } catch (cause) {
    const atFault = cause instanceof errors.JOSEError && TOKEN_FAULTS.has(cause.code);
    return atFault ? { outcome: "refused" } : { outcome: "keys_unreachable", cause };
  }
}

let remembered: { readonly url: string; readonly keys: JWTVerifyGetKey } | undefined;

/** The door's public keys, one cache an isolate; a key that is not in it is looked for again at most every 30 seconds. */
function doorKeys(config: Config): JWTVerifyGetKey {
  if (remembered?.url === config.jwksUrl.href) return remembered.keys;
  const { door } = config;
  const keys = createRemoteJWKSet(config.jwksUrl, {
    cooldownDuration: 30_000,
    timeoutDuration: 3_000,
    // Both want their own `this`: neither `fetch` nor a binding's may be handed over detached.
    [customFetch]: (url, init) => (door === null ? fetch(url, init) : door.fetch(url, init)),
  });
  remembered = { url: config.jwksUrl.href, keys };
  return keys;
}
