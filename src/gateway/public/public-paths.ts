// What anybody may read. Loaded with the first call to a path that Gatehouse keeps for itself.
import type { Background } from "../../store/common.ts";
import type { Gateway } from "../gateway.ts";
import type { RequestContext } from "../request-context.ts";
import { serveConsole } from "./console-assets.ts";
import { serveWellKnown } from "./well-known.ts";

/** @returns `null` for a path that is nobody's to read without a key */
export function servePublic(
  context: RequestContext,
  path: string,
  gateway: Gateway,
  background: Background,
): Promise<Response> | null {
  return serveWellKnown(context, path, gateway, background) ?? serveConsole(context, path, gateway);
}
