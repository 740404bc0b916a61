// The issuers of operators' tokens, read from variables: an OpenID Connect issuer, and Cloudflare Access.

import type { RoleMap } from "../core/access/role-mapping.ts";
import { BUILT_IN_ROLES } from "../core/access/roles.ts";
import type { TrustedIssuer } from "../core/token/oidc-token.ts";
import { isLoopback } from "./reader.ts";

export interface IssuerConfig {
  readonly trusted: TrustedIssuer;
  /** Where its public keys are: at a URL, or at the one that the issuer's discovery document names. */
  readonly keysAt: { readonly jwksUrl: string } | { readonly issuer: string };
  /** The roles of people by their groups; empty: none. */
  readonly roleMap: RoleMap;
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
  const [roleClaim, roleMap] = [text("OIDC_ROLE_CLAIM"), text("OIDC_ROLE_MAP")];
  if (issuer === null) {
    const others = [audience, jwksUrl, roleClaim, roleMap];
    if (others.some((other) => other !== null)) errors.push("OIDC_ISSUER is missing beside the other OIDC_ variables");
    return null;
  }
  if (audience === null) errors.push("OIDC_AUDIENCE is missing: a token for another audience must not be accepted");
  if (!isSecure(issuer)) errors.push("OIDC_ISSUER must be an https URL without user, query and fragment");
  if (jwksUrl !== null && !isSecure(jwksUrl)) {
    errors.push("OIDC_JWKS_URL must be an https URL without user and fragment");
  }
  if ((roleClaim === null) !== (roleMap === null)) errors.push("OIDC_ROLE_CLAIM and OIDC_ROLE_MAP belong together");
  return {
    trusted: {
      issuer,
      audience: audience ?? "",
      algorithms: readAlgorithms(algorithms, errors),
      maxAgeSeconds: readMaxAge(maxAge, errors),
      emailsAreVerified: false,
      roleClaim,
    },
    keysAt: jwksUrl === null ? { issuer } : { jwksUrl },
    roleMap: readRoleMap(roleMap, errors),
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
    trusted: {
      ...{ issuer, audience, algorithms: ["RS256"], maxAgeSeconds: 30 * DAY_SECONDS },
      ...{ emailsAreVerified: true, roleClaim: null },
    },
    keysAt: { jwksUrl: `${issuer}/cdn-cgi/access/certs` },
    roleMap: new Map(),
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

const ROLE_MAP_FORM =
  'OIDC_ROLE_MAP must be JSON: {"<account id>": [["<group>", "<role id, or Admin, Developer, Viewer>"], …], …}, each account and ' +
  "each group of it once";

function readRoleMap(text: string | null, errors: string[]): RoleMap {
  const accounts = text === null ? [] : entriesOf(text);
  const map: RoleMap = new Map(
    accounts?.flatMap(([id, pairs]) => (isPairs(pairs) ? [[id.toLowerCase(), pairs.map(toPair)]] : [])),
  );
  const isWhole =
    accounts !== null && map.size === accounts.length && [...map].every(([id, pairs]) => isValid(id, pairs));
  if (!isWhole || (text !== null && map.size === 0)) errors.push(ROLE_MAP_FORM);
  return map;
}

type Pair = readonly [group: string, role: string];

/** The members of a JSON object; `null` for any other text. */
function entriesOf(text: string): readonly (readonly [string, unknown])[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : null;
  } catch {
    // The parser's message quotes its input.
    return null;
  }
}

function isPairs(value: unknown): value is readonly Pair[] {
  const isPair = (each: unknown) =>
    Array.isArray(each) && each.length === 2 && each.every((text) => typeof text === "string" && text !== "");
  return Array.isArray(value) && value.every(isPair);
}

/** The id of a built-in role for its name. */
function toPair([group, role]: Pair): Pair {
  return [group, BUILT_IN_ROLES.find(({ displayName }) => displayName === role)?.id ?? role.toLowerCase()];
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function isValid(accountId: string, pairs: readonly Pair[]): boolean {
  const groups = new Set(pairs.map(([group]) => group));
  return UUID.test(accountId) && groups.size === pairs.length && pairs.every(([, roleId]) => UUID.test(roleId));
}

function isSecure(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "" || url.hash !== "" || url.search !== "") return false;
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
}
