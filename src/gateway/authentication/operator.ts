// Authentication of operators: an OIDC token, or a Cloudflare Access assertion.
import type { Denial } from "../../core/access/decision.ts";
import type { Background } from "../../store/common.ts";
import type { Gateway } from "../gateway.ts";
import type { RequestContext } from "../request-context.ts";
import { isOwnFetch } from "../same-site.ts";
import { isConsoleHost } from "../validate-request.ts";
import { readBearerToken } from "./bearer-token.ts";
import type { Credential } from "./credential.ts";

/** Names the account of a request whose path has none, for an operator of several. The header of a key is not read. */
const ACCOUNT_HEADER = "gatehouse-account";

/**
 * Authenticate a request whose credential is not one of our keys.
 *
 * The token is verified when its record is read: the issuer's keys may have to be fetched, and only a request that could be
 * allowed is worth that. The record is read from D1 for every request, so a change of an operator takes effect at once.
 *
 * @returns the credential, or the denial of a request that no operator can have sent
 */
export async function authenticateOperator(
  context: RequestContext,
  gateway: Gateway,
  background: Background,
): Promise<Credential | Denial> {
  const { request } = context;
  const bearer = readBearerToken(request.headers.get("authorization"));
  const denial: Denial = typeof bearer === "string" ? { reason: "token_malformed" } : bearer;
  if (gateway.operators === null) return denial;
  // What verifies these tokens loads with the first one.
  const { findOperator, readOperatorToken } = await import("./operator-token.ts");
  const operators = await gateway.operators();
  const token = readOperatorToken(request, bearer, operators);
  if (token === null) return denial;
  if (token.isAmbient && !isConsoleHost(request, gateway.policy)) return denial;
  if (token.isAmbient && !isOwnFetch(request)) return { reason: "cross_site" };
  let named = request.headers.get(ACCOUNT_HEADER)?.toLowerCase() ?? null;
  return {
    text: token.token,
    keyHash: null,
    cached: null,
    async resolve(target) {
      // Of an open request the token may have expired since it arrived.
      const record = await findOperator(gateway.now(), token, named, target, operators, background);
      if ("reason" in record) return record;
      // It stays in this account when another one adds the same person meanwhile.
      named ??= record.accountId;
      return { record, source: "d1", ageMs: 0, degraded: false };
    },
  };
}
