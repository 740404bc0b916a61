// Who is trusted to name operators, read out of texts by name: an OpenID Connect issuer, and Cloudflare Access. Knows not
// where the texts come from.
import type { TrustedIssuer } from "./core/token/oidc-token.ts";

export interface IssuerConfig {
  readonly trusted: TrustedIssuer;
  readonly keysAt: { readonly jwksUrl: string } | { readonly issuer: string };
}

type Text = (name: string) => string | null;

// Asymmetric only: with HS256 whoever knows the audience's secret, or takes a public key for one, could sign.
const ALGORITHMS: ReadonlySet<string> = new Set(["RS256", "ES256", "EdDSA"]);
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;
const DAY_SECONDS = 86_400;

export function readOidc(text: Text, errors: string[]): IssuerConfig | null {
  const [issuer, audience, jwksUrl] = [text("OIDC_ISSUER"), text("OIDC_AUDIENCE"), text("OIDC_JWKS_URL")];
  if (issuer === null) {
    if (audience !== null || jwksUrl !== null) errors.push("OIDC_ISSUER is missing beside the other OIDC_ variables");
    return null;
  }
  if (audience === null) errors.push("OIDC_AUDIENCE is missing: a token for somebody else must not open this door");
  if (!isSecure(issuer)) errors.push("OIDC_ISSUER must be an https URL without user, query and fragment");
  if (jwksUrl !== null && !isSecure(jwksUrl))
    errors.push("OIDC_JWKS_URL must be an https URL without user and fragment");
  const algorithms = (text("OIDC_ALGORITHMS") ?? [...ALGORITHMS].join(",")).split(",").map((each) => each.trim());
  if (!algorithms.every((each) => ALGORITHMS.has(each))) {
    errors.push(`OIDC_ALGORITHMS must list some of ${[...ALGORITHMS].join(", ")}`);
  }
  const maxAgeSeconds = Number(text("OIDC_MAX_TOKEN_AGE_SECONDS") ?? DAY_SECONDS);
  if (!(Number.isInteger(maxAgeSeconds) && maxAgeSeconds >= 60 && maxAgeSeconds <= 30 * DAY_SECONDS)) {
    errors.push(`OIDC_MAX_TOKEN_AGE_SECONDS must be a whole number from 60 to ${30 * DAY_SECONDS}`);
  }
  return {
    trusted: { issuer, audience: audience ?? "", algorithms, maxAgeSeconds, emailsAreVerified: false },
    keysAt: jwksUrl === null ? { issuer } : { jwksUrl },
  };
}

export function readAccess(text: Text, errors: string[]): IssuerConfig | null {
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

function isSecure(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "" || url.hash !== "" || url.search !== "") return false;
  return url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.test(url.hostname));
}
