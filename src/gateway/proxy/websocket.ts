// WebSockets, where they are enabled; loaded with the first one. The handshake is authorized like any request, and the open
// connection again and again, so that it ends when its key does, within the same bound as a read.

import type { Decision } from "../../core/access/decision.ts";
import type { KeyHash, Principal } from "../../core/access/principal.ts";
import type { Target } from "../../core/routing/match-operation.ts";
import type { Background } from "../../store/common.ts";
import { evaluate } from "../authorize.ts";
import type { Gateway } from "../gateway.ts";
import { logRequest, type RequestContext, shouldLog } from "../request-context.ts";
import { forwardOptions, toClientResponse } from "./dispatch.ts";
import { startForward } from "./forward.ts";

/** How often an open connection is authorized again, on the stored record: so it ends within the bound of a read. */
const REAUTHORIZE_EVERY_MS = 5_000;

/** RFC 6455 section 7.4.1: the endpoint ends the connection because of its policy. */
const POLICY_VIOLATION = 1008;
const GOING_AWAY = 1001;

/**
 * Relay a WebSocket for as long as its key allows it.
 *
 * @returns 101 with the client's end; or the upstream's response when it does not switch protocols
 */
export async function upgrade(
  context: RequestContext,
  target: Target,
  key: Principal,
  hash: KeyHash,
  gateway: Gateway,
  background: Background,
): Promise<Response> {
  const options = forwardOptions(context, target, await gateway.identity.tokenFor(key, context.now));
  const answer = await startForward(context.request, options, gateway.upstream, "websocket").response;
  if ("failure" in answer || !answer.webSocket) return toClientResponse(answer, context, gateway);
  return relay(answer, async () => {
    let ended: Partial<RequestContext>;
    try {
      const decision = await reauthorize(hash, context, target, gateway, background);
      if (decision.allow) return true;
      ended = { denial: decision.denial };
    } catch (error) {
      ended = { error };
    }
    const last = { ...context, ...ended };
    if (shouldLog(last, gateway)) logRequest(last, 101, gateway);
    return false;
  });
}

/** Authorize an open connection again, as a new request of the same key would be authorized now. */
export async function reauthorize(
  hash: KeyHash,
  context: RequestContext,
  target: Target,
  gateway: Gateway,
  background: Background,
): Promise<Decision> {
  const resolve = (fromPrimary: boolean) =>
    gateway.keys.resolve(hash, { fromPrimary, allowUnconfirmed: false }, background);
  // From the primary: the time that a cached record stays fresh would be added to the time between two checks. When D1 is
  // unavailable, a connection lives on the cached record like a read does, unless reads ask the primary too.
  const found = await resolve(true).catch((error) => {
    if (gateway.policy.strongCheck === "all") throw error;
    return resolve(false);
  });
  const { record } = "result" in found ? await found.result : found;
  return evaluate(record, { ...context, now: gateway.now() }, target, gateway);
}

/**
 * Connect the client to a WebSocket of the upstream.
 *
 * @param switched the upstream's 101
 * @param isStillAllowed asked every `REAUTHORIZE_EVERY_MS`; `false` ends the connection; never rejects
 */
function relay(switched: Response, isStillAllowed: () => Promise<boolean>): Response {
  const inner = switched.webSocket as WebSocket;
  const [client, outer] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
  inner.accept();
  outer.accept();
  pipe(outer, inner);
  pipe(inner, outer);
  const timer = setInterval(async () => {
    if (await isStillAllowed()) return;
    clearInterval(timer);
    for (const end of [outer, inner]) close(end, POLICY_VIOLATION, "the API key no longer allows this");
  }, REAUTHORIZE_EVERY_MS);
  for (const end of [outer, inner]) {
    for (const event of ["close", "error"] as const) end.addEventListener(event, () => clearInterval(timer));
  }
  // A client that offered subprotocols closes the connection when the response selects none (RFC 6455 section 4.1).
  const protocol = switched.headers.get("sec-websocket-protocol");
  const headers = protocol === null ? {} : { "sec-websocket-protocol": protocol };
  return new Response(null, { status: 101, webSocket: client, headers });
}

function pipe(from: WebSocket, to: WebSocket): void {
  from.addEventListener("message", ({ data }) => {
    try {
      to.send(data);
    } catch {
      // The other side closed between two messages; its close event ends this side as well.
    }
  });
  from.addEventListener("close", ({ code, reason }) => close(to, code, reason));
  from.addEventListener("error", () => close(to, GOING_AWAY, "the other side failed"));
}

function close(end: WebSocket, code: number, reason: string): void {
  try {
    // 1005, 1006 and 1015 are for reading only (RFC 6455 section 7.4.1).
    end.close([1005, 1006, 1015].includes(code) ? GOING_AWAY : code, reason);
  } catch {
    // Closed already.
  }
}
