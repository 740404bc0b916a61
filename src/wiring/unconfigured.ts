// A Worker with an invalid configuration answers 503 to everything. Where it only lacks values that its operator has yet to
// set, it also serves the first-start page to a browser.
import type { FirstStart } from "../config/config.ts";
import { consoleFile, fileIn } from "../gateway/public/console-assets.ts";
import { firstStartResponse, isFirstStartPath, SETUP } from "../gateway/public/first-start-paths.ts";
import { serviceUnavailable } from "../gateway/responses/denial.ts";
import { errorText, type Log } from "../log.ts";
import { createFirstAccount } from "../store/accounts/repository.ts";

/** Where a browser begins. */
const ENTRANCES: ReadonlySet<string> = new Set(["/", "/console", "/console/"]);

/**
 * The response of a Worker with an invalid configuration. Never rejects.
 *
 * @param firstStart `null`: there are other errors than missing values
 */
export async function serveUnconfigured(request: Request, firstStart: FirstStart | null, log: Log): Promise<Response> {
  try {
    const page = firstStart === null ? null : await serveFirstStart(request, firstStart);
    if (page !== null) return page;
  } catch (error) {
    log.write("fault", { reason: "first_start", error: errorText(error) });
  }
  // The log names every error; the client learns only that nothing is served.
  const detail = "Gatehouse is not configured; its log says why.";
  const requestId = crypto.randomUUID();
  const response = serviceUnavailable("misconfigured", detail, requestId);
  response.headers.set("gatehouse-request-id", requestId);
  return response;
}

/**
 * The first-start page, its files, and the way to it.
 *
 * @returns `null` for every other request, and for a deployment that has an account
 * @throws when D1 or the files cannot be read
 */
async function serveFirstStart(request: Request, { missing, assets, db }: FirstStart): Promise<Response | null> {
  if (request.method !== "GET" && request.method !== "HEAD") return null;
  const path = new URL(request.url).pathname;
  const file = fileIn(path);
  if (file !== null) return consoleFile(assets, file, request);
  const entrance = ENTRANCES.has(path) && /\btext\/html\b/.test(request.headers.get("accept") ?? "");
  if (!entrance && !isFirstStartPath(path)) return null;
  // A deployment in use that has lost a secret needs that one back: a new key ring would end all of its keys.
  if ((await createFirstAccount(db, null).state()) === "account_exists") return null;
  if (!isFirstStartPath(path)) {
    return new Response(null, { status: 302, headers: { location: SETUP, "cache-control": "no-store" } });
  }
  return firstStartResponse(path, { state: "values_missing", missing }, assets, request);
}
