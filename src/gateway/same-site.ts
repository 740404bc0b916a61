// Cross-site request forgery: what a browser sends by itself authorizes nothing that a page of this origin has not asked for.
import type { IncomingRequest } from "./incoming-request.ts";

/** Whether no page of another origin can have sent a request. Clients other than browsers send neither header. */
export function isSameSite({ headers, url }: IncomingRequest): boolean {
  const origin = headers.get("origin");
  if (origin) return origin === new URL(url).origin;
  const site = headers.get("sec-fetch-site");
  return !site || site === "same-origin";
}

/**
 * Whether a script of a page of this origin has sent a request, by Fetch Metadata: browsers set these headers, and no page can.
 * A navigation, a frame, a form, an image, a script, a worker or a WebSocket is another destination, and a sandboxed page is
 * another site.
 */
export function isOwnFetch(request: IncomingRequest): boolean {
  const { headers } = request;
  const isFetch = headers.get("sec-fetch-dest") === "empty" && headers.get("sec-fetch-site") === "same-origin";
  return isFetch && isSameSite(request);
}
