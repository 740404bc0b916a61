// A person who may manage keys: weighed by the same `decide` as a key, since a record of theirs is a record like a key's.
// What an issuer says of them is believed only as far as it has signed it, for us, and lately.
import type { JSONWebKeySet, JWTPayload } from "jose";
import { decodeProtectedHeader } from "jose/decode/protected_header";
import * as errors from "jose/errors";
import { decodeJwt } from "jose/jwt/decode";

/** The public keys of an issuer: RFC 7517. */
export type KeySet = JSONWebKeySet;

/** An issuer that the configuration trusts to say who somebody is. */
export interface TrustedIssuer {
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms: readonly string[];
  readonly maxAgeSeconds: number;
  /** Whether an e-mail address counts without `email_verified`: Cloudflare Access has checked all that it names. */
  readonly emailsAreVerified: boolean;
}

/** Who somebody is, as an issuer says. */
export interface OidcIdentity {
  readonly issuer: string;
  readonly subject: string;
  /** Lower case; `null` when there is none that the issuer stands for. */
  readonly email: string | null;
}

export type OidcTokenError = "invalid" | "expired";

const CLOCKS_DIFFER_SECONDS = 30;
const REQUIRED = ["iss", "sub", "aud", "exp", "iat"];
// RFC 8725 section 3.11: a token of another kind (a log-out, an API key, an identity for the upstream) is not this one.
const TYPES: ReadonlySet<string> = new Set(["jwt", "at+jwt", "application/at+jwt"]);
const MAX_TOKEN_LENGTH = 16_384;

/** The `kid` and `iss` that a text says of itself, to choose keys by and for nothing else; `null`: it is no JWT. */
export function peekToken(token: string): { readonly kid: string | null; readonly issuer: string | null } | null {
  if (token.length > MAX_TOKEN_LENGTH || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return null;
  try {
    return { kid: textOf(decodeProtectedHeader(token).kid), issuer: textOf(decodeJwt(token).iss) };
  } catch {
    return null;
  }
}

/**
 * Verify a token of an issuer.
 *
 * @param now milliseconds since the epoch
 * @returns whom it names, or what is wrong; "expired" only of a token whose signature is good
 */
export async function verifyOidcToken(
  token: string,
  keys: KeySet,
  trusted: TrustedIssuer,
  now: number,
): Promise<OidcIdentity | OidcTokenError> {
  const { jwtVerify } = await import("jose/jwt/verify");
  const { createLocalJWKSet } = await import("jose/jwks/local");
  try {
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(keys), {
      algorithms: [...trusted.algorithms],
      issuer: trusted.issuer,
      audience: trusted.audience,
      requiredClaims: REQUIRED,
      maxTokenAge: trusted.maxAgeSeconds,
      clockTolerance: CLOCKS_DIFFER_SECONDS,
      currentDate: new Date(now),
    });
    if (protectedHeader.typ !== undefined && !TYPES.has(protectedHeader.typ.toLowerCase())) return "invalid";
    return isForUs(payload, trusted.audience) ? identityOf(payload, trusted) : "invalid";
  } catch (error) {
    if (error instanceof errors.JWTExpired) return "expired";
    // A key set that cannot be used is a fault of the issuer's, not of whoever calls.
    if (error instanceof errors.JWKSInvalid) throw error;
    if (error instanceof errors.JOSEError) return "invalid";
    throw error;
  }
}

// OpenID Connect Core section 3.1.3.7: of several audiences, the one that it was issued to has to be us.
function isForUs({ aud, azp }: JWTPayload, audience: string): boolean {
  const several = Array.isArray(aud) && aud.length > 1;
  return azp === undefined ? !several : azp === audience;
}

function identityOf(claims: JWTPayload, trusted: TrustedIssuer): OidcIdentity | OidcTokenError {
  const subject = textOf(claims.sub);
  if (subject === null) return "invalid";
  const vouched = trusted.emailsAreVerified || claims.email_verified === true;
  return { issuer: trusted.issuer, subject, email: vouched ? readEmail(claims.email) : null };
}

/** An e-mail address in the one form that is stored and compared, or `null`. ASCII only: other letters have look-alikes. */
export function readEmail(value: unknown): string | null {
  if (typeof value !== "string" || value.length > 254) return null;
  return /^[!-?A-~]+@[A-Za-z0-9.-]+\.[A-Za-z0-9-]+$/.test(value) ? value.toLowerCase() : null;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" && value.length <= 255 ? value : null;
}
