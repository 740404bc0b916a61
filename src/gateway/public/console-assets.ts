// The web console's files, to anybody: they hold no secret, and everything they show they ask for with a key. Served
// through the Worker and never in front of it, so that no file leaves without these headers.
import type { Denial } from "../../core/access/decision.ts";
import type { Gateway } from "../gateway.ts";
import { clientOf, type RequestContext } from "../request-context.ts";
import { denialResponse } from "../responses/denial.ts";

const HOME = "/console/";
/** What the console links to: each of them is the one page, which reads its address itself. */
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
 * Answer one of the console's paths.
 *
 * @returns `null` for a path that is not the console's
 */
export function serveConsole(context: RequestContext, path: string, gateway: Gateway): Promise<Response> | null {
  return path === "/console" || path.startsWith(HOME) ? serveAsset(context, path, gateway) : null;
}

async function serveAsset(context: RequestContext, path: string, { assets }: Gateway): Promise<Response> {
  const { method, url } = context.request;
  if (method !== "GET" && method !== "HEAD") {
    return denyAsset(context, { reason: "method_not_allowed", allow: ["GET", "HEAD"] });
  }
  if (path === "/console") return new Response(null, { status: 308, headers: { ...HEADERS, location: HOME } });
  // The caller's own, which the console shows beside a choice of allow lists.
  if (path === `${HOME}address`)
    return withSecurityHeaders(Response.json({ address: clientOf(context)?.text ?? null }), 200);
  const page = PAGES.test(path);
  if (!page && !FILES.test(path)) return denyAsset(context, { reason: "not_found" });
  const file = new URL(page ? `${HOME}index.html` : path, url);
  // Without the caller's headers: neither a range nor a condition, and no credential, has business with the files.
  const found = assets === null ? null : await assets.fetch(new Request(file, { method }));
  if (found?.status === 200) return withSecurityHeaders(found, 200);
  if (!page) return denyAsset(context, { reason: "not_found" });
  return withSecurityHeaders(
    new Response("The console is not part of this deployment: `npm run build` makes it.\n"),
    503,
  );
}

function denyAsset(context: RequestContext, denial: Denial): Response {
  context.denial = denial;
  return denialResponse(denial, context.requestId);
}

function withSecurityHeaders(response: Response, status: number): Response {
  const headers = new Headers(HEADERS);
  headers.set("content-type", response.headers.get("content-type") ?? "text/plain;charset=utf-8");
  return new Response(response.body, { status, headers });
}
