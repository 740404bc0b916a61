// A person's call: the same way as a key's, from the canonical path on.
import type { Denial } from "../../core/access/decision.ts";
import type { Background } from "../../store/common.ts";
import type { ResolvedPrincipal } from "../../store/key-cache/ports.ts";
import { authorize, isSafe } from "../authorize.ts";
import type { Gateway } from "../gateway.ts";
import { dispatch } from "../proxy/dispatch.ts";
import { clientOf, type RequestContext } from "../request-context.ts";
import { deny, denyAndCount } from "../responses/deny.ts";
import { readTarget, validateRequest } from "../validate-request.ts";
import { findOperator, readOperatorToken } from "./operator-token.ts";

/**
 * The way of a person's call: the same, but that their record is found by who they are, in D1, each time.
 *
 * @param credential what `Authorization` held, which is no key; or why it held nothing
 * @returns `null` for a call without a token that could be a person's
 */
export async function authenticateOperator(
  context: RequestContext,
  path: string,
  credential: string | Denial,
  gateway: Gateway,
  background: Background,
): Promise<Response | null> {
  const operators = gateway.operators && (await gateway.operators());
  const operatorToken = readOperatorToken(context.request, credential, operators);
  if (operators === null || operatorToken === null) return null;
  const { request: received } = context;
  const unfit = validateRequest(received, operatorToken.token, gateway.policy);
  if (unfit !== null) return deny(context, unfit);
  const target = readTarget(received, path, gateway.routes);
  if ("reason" in target) return deny(context, target);
  context.target = target;
  if (received.headers.has("upgrade")) return deny(context, { reason: "upgrade_not_enabled" });
  const barred = gateway.limits.isBlocked(clientOf(context), context.now);
  if (barred !== null) return deny(context, barred);
  const operator = await findOperator(context, operatorToken, target, isSafe(received, target), operators, background);
  if ("reason" in operator) return await denyAndCount(context, operator, gateway);
  const found: ResolvedPrincipal = { record: operator, source: "d1", ageMs: 0, degraded: false };
  const decision = authorize(context, found, target, gateway, gateway.now());
  if (!decision.allow) return deny(context, decision.denial);
  const tooMany = await gateway.limits.countRequest(decision.key.id);
  if (tooMany !== null) return deny(context, tooMany);
  return await dispatch(context, target, decision.key, gateway, background);
}
