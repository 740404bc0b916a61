// Authorizes a request again while it is open: a slow upload, a response or a connection that stays open. It ends when its key
// does, within the same bound as a read.
import type { Decision } from "../../core/access/decision.ts";
import type { Principal } from "../../core/access/principal.ts";
import type { Target } from "../../core/routing/match-operation.ts";
import type { Background } from "../../store/common.ts";
import { resolveKey } from "../authentication/api-key.ts";
import { evaluate, isSafe } from "../authorize.ts";
import type { Gateway } from "../gateway.ts";
import { logRequest, type RequestContext, shouldLog } from "../request-context.ts";

/** How often whatever stays open is authorized again. */
export const REAUTHORIZE_EVERY_MS = 5_000;

/** A body that took longer than this was authorized too long ago to be completed. */
export const STALE_AFTER_MS = 1_000;

/** Milliseconds between two times, in either order: a clock that was set back keeps no authorization alive. */
export function timeBetween(now: number, since: number): number {
  return Math.abs(now - since);
}

/** The way back to the principal's record, for as long as a request is open. */
export interface Reauthorization {
  readonly now: () => number;
  /** When an open response is authorized again for the first time, in milliseconds: the sooner, the older its record was. */
  readonly firstAfterMs: number;
  /** @throws when storage is unavailable and the request may not be authorized on a cached record */
  decide(): Promise<Decision>;
  /** Whether an open response or connection may go on; logs why not. Never rejects. */
  isAllowed(status: number): Promise<boolean>;
  /** The identity for the upstream as of now: a role may have changed, and a token expired, while a body came. */
  identityOf(principal: Principal): string | Promise<string>;
}

/** Made when something of a request turns out to stay open: nearly every request ends at once. */
export type OpenRequest = () => Reauthorization;

/** The reauthorization of a request that was allowed. */
export function reauthorization(
  context: RequestContext,
  target: Target,
  gateway: Gateway,
  background: Background,
): Reauthorization {
  const decide = () => reauthorize(context, target, gateway, background);
  return {
    now: gateway.now,
    firstAfterMs: Math.max(0, REAUTHORIZE_EVERY_MS - recordAgeMs(context, gateway.now())),
    decide,
    identityOf: (principal) => gateway.identity.tokenFor(principal, context.request.method, target.path, gateway.now()),
    async isAllowed(status) {
      let ended: Partial<RequestContext>;
      try {
        const decision = await decide();
        if (decision.allow) return true;
        ended = { denial: decision.denial };
      } catch (error) {
        ended = { error };
      }
      const last = { ...context, ...ended };
      if (shouldLog(last, gateway)) logRequest(last, status, gateway);
      return false;
    },
  };
}

/** How long ago D1 confirmed the record of an authorized request. */
function recordAgeMs({ found, decidedAt }: RequestContext, now: number): number {
  return found === null ? 0 : found.ageMs + Math.max(0, now - decidedAt);
}

/** Authorize a request again, as a new request of the same principal would be authorized now. */
export async function reauthorize(
  context: RequestContext,
  target: Target,
  gateway: Gateway,
  background: Background,
): Promise<Decision> {
  const { credential } = context;
  if (credential === null) throw new Error("a request without a credential cannot be authorized again");
  const { keyHash, text } = credential;
  const resolve = (fromPrimary: boolean) => {
    const need = { fromPrimary, allowUnconfirmed: false };
    return keyHash === null ? credential.resolve(target, need) : resolveKey(keyHash, text, need, gateway, background);
  };
  // From the primary: the time that a cached record stays fresh would be added to the time between two checks. When D1 is
  // unavailable, an open read is authorized on the cached record, as a new one is, unless reads ask the primary too.
  const found = await resolve(true).catch((error) => {
    if (keyHash === null || gateway.policy.strongCheck === "all" || !isSafe(context.request.method, target))
      throw error;
    return resolve(false);
  });
  if ("reason" in found) return { allow: false, denial: found };
  const { record } = "result" in found ? await found.result : found;
  return evaluate(record, { ...context, now: gateway.now() }, target, gateway);
}
