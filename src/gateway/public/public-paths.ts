// The paths that need no credential. Loaded with the first request to one of them.
import type { Background } from "../../store/common.ts";
import type { Gateway } from "../gateway.ts";
import type { RequestContext } from "../request-context.ts";
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
  if (isFirstStartPath(path)) return firstStart(context, path, gateway);
  return serveWellKnown(context, path, gateway, background) ?? serveConsole(context, path, gateway);
}

async function firstStart(context: RequestContext, path: FirstStartPath, gateway: Gateway): Promise<Response> {
  // Needed once in the life of a deployment.
  const { serveFirstStart } = await import("./first-start.ts");
  return serveFirstStart(context, path, gateway);
}
