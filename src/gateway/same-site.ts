// Cross-site request forgery: what a browser sends by itself is not enough for a change.
import type { IncomingRequest } from "./incoming-request.ts";

/**
 * Whether no page of another site can have sent a request. Clients other than browsers send neither header.
 *
 * @param origins allowed besides the origin of the request itself
 */
export function isSameSite({ headers, url }: IncomingRequest, origins: ReadonlySet<string>): boolean {
  const origin = headers.get("origin");
  if (origin) return origin === new URL(url).origin || origins.has(origin);
  const site = headers.get("sec-fetch-site");
  return !site || site === "same-origin";
}
