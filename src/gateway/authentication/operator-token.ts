// Operators' tokens: the token of a trusted issuer becomes an identity, and the identity an operator of the account in the path.
// A forged token is denied at its signature, before D1 is read.
import { accountsOf, chooseEntry } from "../../core/access/choose-account.ts";
import type { Denial } from "../../core/access/decision.ts";
import type { OperatorRecord } from "../../core/access/principal.ts";
import { rolesOfGroups } from "../../core/access/role-mapping.ts";
import type { Target } from "../../core/routing/match-operation.ts";
import { peekToken, verifyOidcToken } from "../../core/token/oidc-token.ts";
import type { Background } from "../../store/common.ts";
import type { IssuerVerifier, OperatorAuthentication } from "../gateway.ts";
import type { IncomingRequest } from "../incoming-request.ts";

/** A token that a trusted issuer may have issued; not verified yet. */
export interface OperatorToken {
  readonly token: string;
  readonly verifier: IssuerVerifier;
  /** Whether a browser may have sent it by itself, as a cookie of Cloudflare Access. */
  readonly isAmbient: boolean;
}

const ASSERTION = "cf-access-jwt-assertion";

/**
 * Read the operator's token of a request that has no key.
 *
 * @param bearer the bearer token, or why there is none
 * @returns `null` when no configured issuer can have issued it
 */
export function readOperatorToken(
  request: Pick<IncomingRequest, "headers">,
  bearer: string | Denial,
  operators: OperatorAuthentication,
): OperatorToken | null {
  if (typeof bearer === "string") {
    if (operators.bearer === null || peekToken(bearer) === null) return null;
    return { token: bearer, verifier: operators.bearer, isAmbient: false };
  }
  // Not read next to another Authorization header: one request has one principal.
  const assertion = bearer.reason === "credential_missing" ? request.headers.get(ASSERTION) : null;
  if (operators.access === null || !assertion) return null;
  return { token: assertion, verifier: operators.access, isAmbient: true };
}

/**
 * Verify an operator's token, and find the operator.
 *
 * @param now milliseconds since the epoch
 * @param named the account that the request names besides its path; `null`: none
 * @returns the operator of the account in the path; of the named one, when the path has none; or the only one. Or the denial
 * @throws when the issuer's keys or D1 cannot be read
 */
export async function findOperator(
  now: number,
  { token, verifier }: OperatorToken,
  named: string | null,
  target: Target,
  operators: OperatorAuthentication,
  background: Background,
): Promise<OperatorRecord | Denial> {
  const claimed = peekToken(token);
  if (claimed === null || claimed.issuer !== verifier.issuer.issuer) return { reason: "operator_token_invalid" };
  const keys = await verifier.keys.keysFor(claimed.kid, background);
  const identity = await verifyOidcToken(token, keys, verifier.issuer, now);
  if (identity === "invalid") return { reason: "operator_token_invalid" };
  if (identity === "expired") return { reason: "operator_token_expired" };
  const wanted = target.accountId ?? named;
  const mapped = rolesOfGroups(verifier.roleMap, identity.groups);
  const entries = await operators.finder.find(identity, wanted, mapped);
  const entry = chooseEntry(entries, wanted, now);
  if ("reason" in entry) return entry;
  // An account in the path is compared by `decide`.
  const isElsewhere = target.accountId === null && named !== null && named !== entry.account.id;
  if (isElsewhere) return { reason: "account_mismatch" };
  return { ...entry.decode(), accounts: accountsOf(entries, now) };
}
