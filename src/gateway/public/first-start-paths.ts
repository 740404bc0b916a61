// The paths of the first-start page, and the responses that a configured Worker shares with one that is not.
import type { AccountState } from "../../store/accounts/port.ts";
import type { Assets } from "../gateway.ts";
import { consoleFile, withSecurityHeaders } from "./console-assets.ts";

export const SETUP = "/console/setup";
/** What the page still has to do, as JSON. */
export const SETUP_STATE = "/console/setup/state";

export type FirstStartPath = typeof SETUP | typeof SETUP_STATE;

/** What a deployment lacks. The names of values are no secret: README.md lists them. */
export interface SetupState {
  readonly state: "values_missing" | AccountState;
  readonly missing: readonly string[];
}

export function isFirstStartPath(path: string): path is FirstStartPath {
  return path === SETUP || path === SETUP_STATE;
}

/** The response to a GET or HEAD of the page or its state. */
export async function firstStartResponse(
  path: FirstStartPath,
  state: SetupState,
  assets: Assets,
  request: { readonly method: string; readonly url: string },
): Promise<Response> {
  if (path === SETUP_STATE) return withSecurityHeaders(Response.json(state), 200);
  // Every page of the console that is not there is answered with how to build it.
  return (await consoleFile(assets, "setup.html", request)) as Response;
}
