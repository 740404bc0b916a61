// Calls of people: the token of an issuer becomes a person, and a person an operator of the account that the path names.
// A made-up token ends at its signature, before anything is looked up.

import type { Denial } from "../../core/access/decision.ts";
import type { OperatorRecord } from "../../core/access/principal.ts";
import { peekToken, verifyOidcToken } from "../../core/token/oidc-token.ts";
import type { Background } from "../../store/common.ts";
import type { IssuerVerifier, OperatorAuthentication } from "../gateway.ts";
import type { IncomingRequest } from "../lazy-request.ts";
import type { RequestContext } from "../request-context.ts";
import type { Target } from "../validate-request.ts";

/** A token that may be a person's. */
export interface OperatorToken {
  readonly token: string;
  readonly trust: IssuerVerifier;
  readonly fromCookie: boolean;
}

const ASSERTION = "cf-access-jwt-assertion";

/**
 * The token of a person that a call comes with, when it has no key.
 *
 * @param credential what `Authorization` held, or why it held nothing
 */
export function readOperatorToken(
  request: Pick<IncomingRequest, "headers">,
  credential: string | Denial,
  gateway: OperatorAuthentication | null,
): OperatorToken | null {
  if (gateway === null) return null;
  if (typeof credential === "string") {
    const outside = gateway.bearer && peekToken(credential);
    return outside ? { token: credential, trust: gateway.bearer as IssuerVerifier, fromCookie: false } : null;
  }
  // Beside any other Authorization it is not read: one call, one caller.
  const assertion = credential.reason === "credential_missing" ? request.headers.get(ASSERTION) : null;
  if (gateway.access === null || !assertion) return null;
  return { token: assertion, trust: gateway.access, fromCookie: true };
}

/** The operator that a token stands for, or why there is none. Throws when the issuer's keys or D1 cannot be asked. */
export async function findOperator(
  context: RequestContext,
  { token, trust, fromCookie: ambient }: OperatorToken,
  target: Target,
  safe: boolean,
  gateway: OperatorAuthentication,
  background: Background,
): Promise<OperatorRecord | Denial> {
  if (ambient && !safe && !isSameSite(context.request, gateway.origins)) return { reason: "cross_site" };
  const outside = peekToken(token);
  if (outside === null || outside.issuer !== trust.issuer.issuer) return { reason: "operator_token_invalid" };
  const keys = await trust.keys.keysFor(outside.kid, background);
  const identity = await verifyOidcToken(token, keys, trust.issuer, context.now);
  if (identity === "invalid") return { reason: "operator_token_invalid" };
  if (identity === "expired") return { reason: "operator_token_expired" };
  const records = await gateway.finder.find(identity);
  const here = records.find(({ accountId }) => accountId === target.accountId) ?? records[0];
  return here ?? { reason: "operator_unknown" };
}

// What a browser sends by itself must not be enough for a change. Clients that are no browsers send neither header.
function isSameSite({ headers, url }: IncomingRequest, origins: ReadonlySet<string>): boolean {
  const origin = headers.get("origin");
  if (origin) return origin === new URL(url).origin || origins.has(origin);
  const site = headers.get("sec-fetch-site");
  return !site || site === "same-origin";
}
