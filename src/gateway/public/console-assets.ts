// The web console's files. They need no credential: they hold no secret, and read all data with a key. The Worker serves them,
// never the platform in front of it, so that every file has these headers.
import { api } from "#api";
import type { Assets, Gateway } from "../gateway.ts";
import type { RequestContext } from "../request-context.ts";
import { deny } from "../responses/denial.ts";

const PREFIX = "/console/";
/** The console's pages: all of them are the one HTML file, which reads its own URL. */
const PAGES =
  /^\/console\/(?:(?:keys|allow-lists|roles|operators|policy|approvals|endpoints|activity|explain)(?:\/[\w-]{1,64})?)?$/;
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
  const { method } = context.request;
  if (method !== "GET" && method !== "HEAD") {
    return deny(context, { reason: "method_not_allowed", allow: ["GET", "HEAD"] }, gateway);
  }
  if (path === "/console") return new Response(null, { status: 308, headers: { ...HEADERS, location: PREFIX } });
  // The client's own address, which the console shows next to the choice of allow lists.
  if (path === `${PREFIX}address`)
    return withSecurityHeaders(Response.json({ address: context.client?.text ?? null }), 200);
  const file = PAGES.test(path) ? "index.html" : fileIn(path);
  const found = file === null ? null : await consoleFile(gateway.assets, file, context.request);
  if (file === "index.html" && found?.status === 200) return withGateway(found, gateway);
  return found ?? deny(context, { reason: "not_found" }, gateway);
}

/** The page, which says where the operations of Gatehouse are, and what it is in front of. */
async function withGateway(page: Response, { operations }: Gateway): Promise<Response> {
  const { url, key } = api.keyVariables;
  const about = { "management-prefix": operations.managementPrefix, api: api.title, "key-variables": `${url} ${key}` };
  const attributes = Object.entries(about).map(([name, value]) => ` data-${name}="${escapeAttribute(value)}"`);
  const text = (await page.text()).replace(/<html[^>]*>/, () => `<html lang="en"${attributes.join("")}>`);
  return withSecurityHeaders(new Response(text, page), 200);
}

function escapeAttribute(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** The file of the console that a path names, relative to the console; `null` when it names none. */
export function fileIn(path: string): string | null {
  return FILES.test(path) ? path.slice(PREFIX.length) : null;
}

/**
 * One of the console's files, with the headers of all of them.
 *
 * @param file relative to the console
 * @returns 503 for a page of a console that was not built; `null` for another file that does not exist
 */
export async function consoleFile(
  assets: Assets,
  file: string,
  { method, url }: { readonly method: string; readonly url: string },
): Promise<Response | null> {
  // Without the client's headers: no range, condition or credential reaches the asset server.
  const request = new Request(new URL(PREFIX + file, url), { method });
  const found = assets === null ? null : await assets.fetch(request);
  if (found?.status === 200) return withSecurityHeaders(found, 200);
  if (!file.endsWith(".html")) return null;
  return withSecurityHeaders(
    new Response("The console is not part of this deployment: `npm run build` makes it.\n"),
    503,
  );
}

/** A response of the console: never cached, and under its content security policy. */
export function withSecurityHeaders(response: Response, status: number): Response {
  const headers = new Headers(HEADERS);
  headers.set("content-type", response.headers.get("content-type") ?? "text/plain;charset=utf-8");
  return new Response(response.body, { status, headers });
}
