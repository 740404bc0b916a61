// The public documents: signing keys, the API's description, rules for secret scanners, the health check. And the metrics, which
// have a credential of their own.
import { scannerRules } from "../../core/token/secret-scanning.ts";
import type { Background } from "../../store/common.ts";
import type { Gateway } from "../gateway.ts";
import type { RequestContext } from "../request-context.ts";
import { deny, serviceUnavailable } from "../responses/denial.ts";

const PREFIX = "/.well-known/gatehouse/";

/**
 * Serve one of Gatehouse's public documents.
 *
 * @returns `null` for every other path: paths that need no credential are matched exactly, never by prefix
 */
export function serveWellKnown(
  context: RequestContext,
  path: string,
  gateway: Gateway,
  background: Background,
): Response | Promise<Response> | null {
  const document = path.startsWith(PREFIX) ? DOCUMENTS.get(path) : undefined;
  if (document === undefined) return null;
  const { method } = context.request;
  if (method !== "GET" && method !== "HEAD") {
    return deny(context, { reason: "method_not_allowed", allow: ["GET", "HEAD"] }, gateway);
  }
  return document(gateway, context, background);
}

type Document = (gateway: Gateway, context: RequestContext, background: Background) => Promise<Response>;

const DOCUMENTS: ReadonlyMap<string, Document> = new Map<string, Document>([
  // Upstreams cache the keys; a rotation publishes the new key long before it signs.
  [`${PREFIX}jwks.json`, async (gateway) => json(gateway.identity.jwks, "public, max-age=300")],
  [`${PREFIX}openapi.json`, async (gateway) => json(await gateway.openapi(), "no-store")],
  [`${PREFIX}scanners.json`, async () => json(scannerRules(), "no-store")],
  [`${PREFIX}audit-head`, auditHead],
  [`${PREFIX}health`, health],
  [`${PREFIX}metrics`, metrics],
]);

/** 200 when a request could be authorized now, 503 when not. The key resolver bounds how often D1 is asked. */
async function health(gateway: Gateway, context: RequestContext, background: Background): Promise<Response> {
  try {
    await gateway.keys.checkReady(background);
  } catch (error) {
    context.error = error;
    return serviceUnavailable("storage_unavailable", "Storage is unavailable.", context.requestId);
  }
  return json({ status: "ok" }, "no-store");
}

/** The signed state of the audit log: a digest and a time, which say nothing about an account. */
async function auditHead(gateway: Gateway, context: RequestContext): Promise<Response> {
  const jws = await gateway.auditHead();
  if (jws === null) return deny(context, { reason: "not_found" }, gateway);
  return new Response(jws, { headers: { "content-type": "application/jose", "cache-control": "public, max-age=60" } });
}

/** Without METRICS_TOKEN there are none, also for a client with a credential. */
async function metrics(gateway: Gateway, context: RequestContext): Promise<Response> {
  if (gateway.metrics === null) return deny(context, { reason: "not_found" }, gateway);
  const { serveMetrics } = await import("./metrics.ts");
  return serveMetrics(gateway, context, gateway.metrics);
}

function json(body: unknown, cacheControl: string): Response {
  return new Response(JSON.stringify(body), {
    headers: { "content-type": "application/json", "cache-control": cacheControl },
  });
}
