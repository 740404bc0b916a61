// The web console's files. They need no credential: they hold no secret, and read all data with a key. The Worker serves them,
// never the platform in front of it, so that every file has these headers.
import type { Gateway } from "../gateway.ts";
import type { RequestContext } from "../request-context.ts";
import { deny } from "../responses/denial.ts";

const PREFIX = "/console/";
/** The console's pages: all of them are the one HTML file, which reads its own URL. */
const PAGES = /^\/console\/(?:(?:keys|allow-lists|roles|operators|activity|explain)(?:\/[\w-]{1,64})?)?$/;
const FILES = /^\/console\/assets\/[\w-]{1,80}\.(?:js|css|svg|woff2)$/;

const HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:; " +
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; " +
    "require-trusted-types-for 'script'; trusted-types 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
  "referrer-policy": "no-referrer",
  "strict-transport-security": "max-age=31536000; includeSubDomains",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

/**
 * Serve one of the console's paths.
 *
 * @returns `null` for every other path
 */
export function serveConsole(context: RequestContext, path: string, gateway: Gateway): Promise<Response> | null {
  return path === "/console" || path.startsWith(PREFIX) ? serveAsset(context, path, gateway) : null;
}

async function serveAsset(context: RequestContext, path: string, gateway: Gateway): Promise<Response> {
  const { assets } = gateway;
  const { method, url } = context.request;
  if (method !== "GET" && method !== "HEAD") {
    return deny(context, { reason: "method_not_allowed", allow: ["GET", "HEAD"] }, gateway);
  }
  if (path === "/console") return new Response(null, { status: 308, headers: { ...HEADERS, location: PREFIX } });
  // The client's own address, which the console shows next to the choice of allow lists.
  if (path === `${PREFIX}address`)
    return withSecurityHeaders(Response.json({ address: context.client?.text ?? null }), 200);
  const page = PAGES.test(path);
  if (!page && !FILES.test(path)) return deny(context, { reason: "not_found" }, gateway);
  const file = new URL(page ? `${PREFIX}index.html` : path, url);
  // Without the client's headers: no range, condition or credential reaches the asset server.
  const found = assets === null ? null : await assets.fetch(new Request(file, { method }));
  if (found?.status === 200) return withSecurityHeaders(found, 200);
  if (!page) return deny(context, { reason: "not_found" }, gateway);
  return withSecurityHeaders(
    new Response("The console is not part of this deployment: `npm run build` makes it.\n"),
    503,
  );
}

function withSecurityHeaders(response: Response, status: number): Response {
  const headers = new Headers(HEADERS);
  headers.set("content-type", response.headers.get("content-type") ?? "text/plain;charset=utf-8");
  return new Response(response.body, { status, headers });
}
