// The issuers of operators' tokens, read from variables: an OpenID Connect issuer, and Cloudflare Access.

import type { TrustedIssuer } from "../core/token/oidc-token.ts";
import { isLoopback } from "./reader.ts";

export interface IssuerConfig {
  readonly trusted: TrustedIssuer;
  /** Where its public keys are: at a URL, or at the one that the issuer's discovery document names. */
  readonly keysAt: { readonly jwksUrl: string } | { readonly issuer: string };
}

/** Reads a variable; `null` when it is missing or empty. */
type ReadText = (name: string) => string | null;

// Asymmetric only: with HS256 the gateway would hold a secret that can sign, and could take a public key for one.
const ALGORITHMS: readonly string[] = ["RS256", "ES256", "EdDSA"];
const DAY_SECONDS = 86_400;

/** The issuer of the `OIDC_` variables, or `null` without them. Adds a sentence to `errors` for everything wrong. */
export function readOidc(text: ReadText, errors: string[]): IssuerConfig | null {
  const [issuer, audience, jwksUrl] = [text("OIDC_ISSUER"), text("OIDC_AUDIENCE"), text("OIDC_JWKS_URL")];
  const algorithms = text("OIDC_ALGORITHMS");
  const maxAge = text("OIDC_MAX_TOKEN_AGE_SECONDS");
  if (issuer === null) {
    if (audience !== null || jwksUrl !== null) errors.push("OIDC_ISSUER is missing beside the other OIDC_ variables");
    return null;
  }
  if (audience === null) errors.push("OIDC_AUDIENCE is missing: a token for another audience must not be accepted");
  if (!isSecure(issuer)) errors.push("OIDC_ISSUER must be an https URL without user, query and fragment");
  if (jwksUrl !== null && !isSecure(jwksUrl)) {
    errors.push("OIDC_JWKS_URL must be an https URL without user and fragment");
  }
  return {
    trusted: {
      issuer,
      audience: audience ?? "",
      algorithms: readAlgorithms(algorithms, errors),
      maxAgeSeconds: readMaxAge(maxAge, errors),
      emailsAreVerified: false,
    },
    keysAt: jwksUrl === null ? { issuer } : { jwksUrl },
  };
}

/** The issuer of the `ACCESS_` variables, or `null` without them. */
export function readAccess(text: ReadText, errors: string[]): IssuerConfig | null {
  const [team, audience] = [text("ACCESS_TEAM_DOMAIN"), text("ACCESS_AUDIENCE")];
  if (team === null && audience === null) return null;
  if (team === null || audience === null) {
    errors.push("ACCESS_TEAM_DOMAIN and ACCESS_AUDIENCE belong together");
    return null;
  }
  const issuer = team.includes("://") ? team : `https://${team}`;
  if (!isSecure(issuer) || new URL(issuer).origin !== issuer) {
    errors.push("ACCESS_TEAM_DOMAIN must be a host name such as your-team.cloudflareaccess.com");
  }
  return {
    trusted: { issuer, audience, algorithms: ["RS256"], maxAgeSeconds: 30 * DAY_SECONDS, emailsAreVerified: true },
    keysAt: { jwksUrl: `${issuer}/cdn-cgi/access/certs` },
  };
}

function readAlgorithms(text: string | null, errors: string[]): readonly string[] {
  if (text === null) return ALGORITHMS;
  const algorithms = text.split(",").map((each) => each.trim());
  if (!algorithms.every((each) => ALGORITHMS.includes(each))) {
    errors.push(`OIDC_ALGORITHMS must list some of ${ALGORITHMS.join(", ")}`);
  }
  return algorithms;
}

function readMaxAge(text: string | null, errors: string[]): number {
  const seconds = Number(text ?? DAY_SECONDS);
  if (!(Number.isInteger(seconds) && seconds >= 60 && seconds <= 30 * DAY_SECONDS)) {
    errors.push(`OIDC_MAX_TOKEN_AGE_SECONDS must be a whole number from 60 to ${30 * DAY_SECONDS}`);
  }
  return seconds;
}

function isSecure(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "" || url.hash !== "" || url.search !== "") return false;
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
}
