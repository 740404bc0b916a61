// Tokens of operators: JWTs of an issuer that the configuration trusts. A token only identifies an operator; `decide`
// authorizes operators as it does keys, because both are principals.
import type { JSONWebKeySet, JWTPayload } from "jose";
import { decodeProtectedHeader } from "jose/decode/protected_header";
import * as errors from "jose/errors";
import { decodeJwt } from "jose/jwt/decode";
import type { OperatorIdentity } from "../access/principal.ts";

/** The public keys of an issuer: RFC 7517. */
export type KeySet = JSONWebKeySet;

/** An issuer that the configuration trusts to authenticate operators. */
export interface TrustedIssuer {
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms: readonly string[];
  readonly maxAgeSeconds: number;
  /** Whether an e-mail address is valid without `email_verified`: Cloudflare Access verifies all that it names. */
  readonly emailsAreVerified: boolean;
  /** The name of the claim with a person's groups; `null`: groups are not read. */
  readonly roleClaim: string | null;
}

/** The identity of an operator, as an issuer states it. */
export interface OidcIdentity extends OperatorIdentity {
  readonly groups: readonly string[];
}

export type OidcTokenError = "invalid" | "expired";

const CLOCK_TOLERANCE_SECONDS = 30;
const REQUIRED = ["iss", "sub", "aud", "exp", "iat"];
// RFC 8725 section 3.11: a token of another type (log-out token, API key, identity for the upstream) is not accepted.
const TYPES: ReadonlySet<string> = new Set(["jwt", "at+jwt", "application/at+jwt"]);
const MAX_TOKEN_LENGTH = 16_384;

/** The `kid` and `iss` of a token that is not verified, to select the keys to verify it with; `null`: it is no JWT. */
export function peekToken(token: string): { readonly kid: string | null; readonly issuer: string | null } | null {
  if (token.length > MAX_TOKEN_LENGTH || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return null;
  try {
    return { kid: textOf(decodeProtectedHeader(token).kid), issuer: textOf(decodeJwt(token).iss) };
  } catch {
    return null;
  }
}

/**
 * Verifies a token of an issuer.
 *
 * @param now milliseconds since the epoch
 * @returns the identity, or what is wrong; "expired" only for a token with a valid signature
 * @throws JWKSInvalid if the issuer's key set cannot be used
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
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: new Date(now),
    });
    if (!isAcceptedType(protectedHeader.typ)) return "invalid";
    return isIssuedToUs(payload, trusted.audience) ? identityOf(payload, trusted) : "invalid";
  } catch (error) {
    if (error instanceof errors.JWTExpired) return "expired";
    // The issuer's error, not the client's.
    if (error instanceof errors.JWKSInvalid) throw error;
    if (error instanceof errors.JOSEError) return "invalid";
    throw error;
  }
}

/** @param typ of the header, which the library does not check: any JSON value */
function isAcceptedType(typ: unknown): boolean {
  return typ === undefined || (typeof typ === "string" && TYPES.has(typ.toLowerCase()));
}

// OpenID Connect Core section 3.1.3.7: with several audiences, the authorized party has to be our audience.
function isIssuedToUs({ aud, azp }: JWTPayload, audience: string): boolean {
  const several = Array.isArray(aud) && aud.length > 1;
  return azp === undefined ? !several : azp === audience;
}

function identityOf(claims: JWTPayload, trusted: TrustedIssuer): OidcIdentity | OidcTokenError {
  const subject = textOf(claims.sub);
  if (subject === null) return "invalid";
  const isVerified = trusted.emailsAreVerified || claims.email_verified === true;
  const email = isVerified ? readEmail(claims.email) : null;
  return { issuer: trusted.issuer, subject, email, groups: groupsIn(claims, trusted.roleClaim) };
}

/** One group or a list of them. Whatever else the claim has is no group; an issuer that leaves the claim out states none. */
function groupsIn(claims: JWTPayload, claim: string | null): readonly string[] {
  const value = claim !== null && Object.hasOwn(claims, claim) ? claims[claim] : [];
  return (Array.isArray(value) ? value : [value]).map(textOf).filter((group) => group !== null);
}

/** An e-mail address in the form that is stored and compared, or `null`. ASCII only: other letters have look-alikes. */
export function readEmail(value: unknown): string | null {
  if (typeof value !== "string" || value.length > 254) return null;
  return /^[!-?A-~]+@[A-Za-z0-9.-]+\.[A-Za-z0-9-]+$/.test(value) ? value.toLowerCase() : null;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" && value.length <= 255 ? value : null;
}
