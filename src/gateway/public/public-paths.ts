// The paths that need no credential. Loaded with the first request to one of them.
import type { Background } from "../../store/common.ts";
import type { Gateway } from "../gateway.ts";
import type { RequestContext } from "../request-context.ts";
import { deny } from "../responses/denial.ts";
import { isConsoleHost, isServiceWorkerScript } from "../validate-request.ts";
import { serveConsole } from "./console-assets.ts";
import { type FirstStartPath, isFirstStartPath } from "./first-start-paths.ts";
import { serveWellKnown } from "./well-known.ts";

/** @returns the response, or `null` for a path that needs a credential */
export function servePublic(
  context: RequestContext,
  path: string,
  gateway: Gateway,
  background: Background,
): Response | Promise<Response> | null {
  const { request } = context;
  if (isServiceWorkerScript(request.headers)) return deny(context, { reason: "service_worker_not_allowed" }, gateway);
  if (path === LEAKS || path.startsWith(`${LEAKS}/`)) return leaks(context, path, gateway, background);
  const document = serveWellKnown(context, path, gateway, background);
  if (document !== null) return document;
  if (!isConsoleHost(request, gateway.policy)) return deny(context, { reason: "host_not_served" }, gateway);
  return isFirstStartPath(path) ? firstStart(context, path, gateway) : serveConsole(context, path, gateway);
}

const LEAKS = "/.well-known/gatehouse/leaks";

async function leaks(
  context: RequestContext,
  path: string,
  gateway: Gateway,
  background: Background,
): Promise<Response> {
  const { LEAK_PATHS, serveLeakReport } = await import("./leaks.ts");
  const isKnown = path === LEAK_PATHS.any || path === LEAK_PATHS.github;
  return isKnown
    ? serveLeakReport(context, path, gateway, background)
    : deny(context, { reason: "not_found" }, gateway);
}

async function firstStart(context: RequestContext, path: FirstStartPath, gateway: Gateway): Promise<Response> {
  // Needed once in the life of a deployment.
  const { serveFirstStart } = await import("./first-start.ts");
  return serveFirstStart(context, path, gateway);
}
