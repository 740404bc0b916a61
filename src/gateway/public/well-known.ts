// The few paths that anybody may read: the public keys, the API's description, rules for secret scanners, and whether the
// door can decide.
import { scannerRules } from "../../core/token/secret-scanning.ts";
import type { Background } from "../../store/common.ts";
import type { Gateway } from "../gateway.ts";
import type { RequestContext } from "../request-context.ts";
import { denialResponse, serviceUnavailable } from "../responses/denial.ts";

const HOME = "/.well-known/gatehouse/";

/**
 * Answer one of Gatehouse's own public paths.
 *
 * @returns `null` for every other path: exceptions from authorisation are exact matches, never prefixes
 */
export function serveWellKnown(
  context: RequestContext,
  path: string,
  gateway: Gateway,
  background: Background,
): Promise<Response> | null {
  const read = path.startsWith(HOME) ? READERS.get(path) : undefined;
  return read === undefined ? null : serveDocument(context, read, gateway, background);
}

async function serveDocument(
  context: RequestContext,
  read: Reader,
  gateway: Gateway,
  background: Background,
): Promise<Response> {
  const { request: received } = context;
  if (received.method !== "GET" && received.method !== "HEAD") {
    context.denial = { reason: "method_not_allowed", allow: ["GET", "HEAD"] };
    return denialResponse(context.denial, context.requestId);
  }
  return read(gateway, context, background);
}

type Reader = (gateway: Gateway, context: RequestContext, background: Background) => Promise<Response>;

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  // Upstreams keep the keys for a while; a rotation publishes the new one long before it signs.
  [`${HOME}jwks.json`, async (gateway) => json(gateway.identity.jwks, "public, max-age=300")],
  [`${HOME}openapi.json`, async (gateway) => json(await gateway.openapi(), "no-store")],
  [`${HOME}scanners.json`, async () => json(scannerRules(), "no-store")],
  [`${HOME}health`, health],
]);

/** 200 when a call could be decided now, 503 when not. Asks D1 at most once in five seconds, however often it is called. */
async function health(gateway: Gateway, context: RequestContext, background: Background): Promise<Response> {
  try {
    await gateway.keys.checkReady(background);
  } catch (error) {
    context.error = error;
    return serviceUnavailable(
      "storage_unavailable",
      "The door cannot decide: storage does not answer.",
      context.requestId,
    );
  }
  return json({ status: "ok" }, "no-store");
}

function json(body: unknown, cacheControl: string): Response {
  return new Response(JSON.stringify(body), {
    headers: { "content-type": "application/json", "cache-control": cacheControl },
  });
}
