// What a call asks for, as far as it can be known before anybody asks who makes it: the canonical path, the operation.
import type { CallFacts } from "../core/decide.ts";
import { parseAddress } from "../core/ip-rules.ts";
import { METHODS } from "../core/operations.ts";
import { canonicalPath, queryOf } from "../core/path.ts";
import type { Routes } from "../core/routes.ts";
import { type Target, targetOf } from "../core/target.ts";
import type { Denial } from "../core/verdict.ts";

export type { Target };

const KNOWN_METHODS: ReadonlySet<string> = new Set([...METHODS, "HEAD", "OPTIONS"]);
const ALLOW = [...KNOWN_METHODS];

/** The canonical path of a call, or why it is not let near anything. */
export function readPath(request: Request): string | Denial {
  if (!KNOWN_METHODS.has(request.method)) return { reason: "method_not_allowed", allow: ALLOW };
  return canonicalPath(request.url) ?? { reason: "path_not_canonical" };
}

/** The target behind a method and a canonical path, or the denial of a path that Gatehouse keeps without answering it. */
export function readTarget(request: Request, path: string, routes: Routes): Target | Denial {
  return targetOf(request.method, path, queryOf(request.url), routes);
}

/** All that a verdict weighs about a call. */
export function factsOf({ request }: { readonly request: Request }, target: Target): CallFacts {
  const address = callerAddress(request.headers);
  return {
    address: address === null ? null : parseAddress(address),
    accountId: target.accountId,
    operation: target.operation,
    params: target.params,
  };
}

/** The caller's address as Cloudflare saw it; no other header is believed (threats.md, rule 5). */
export function callerAddress(headers: Headers): string | null {
  return headers.get("cf-connecting-ip");
}
