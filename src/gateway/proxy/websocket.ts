// WebSockets, where they are enabled; loaded with the first one. Authorised at the handshake like any call, then looked at
// again for as long as they live, so that a connection ends when its key does, within the same bound as a read.

import type { Decision } from "../../core/access/decision.ts";
import type { KeyHash, KeyRecord } from "../../core/access/principal.ts";
import type { Background } from "../../store/common.ts";
import { evaluate } from "../authorize.ts";
import type { Gateway } from "../gateway.ts";
import { logRequest, type RequestContext, shouldLog } from "../request-context.ts";
import type { Target } from "../validate-request.ts";
import { forwardOptions, toClientResponse } from "./dispatch.ts";
import { startForward } from "./forward.ts";

/** How often an open connection is judged again, on the row itself: so it ends within the bound of a read. */
const REAUTHORIZE_EVERY_MS = 5_000;

/** RFC 6455 section 7.4.1: the endpoint ends the connection because of its policy. */
const POLICY_VIOLATION = 1008;
const GOING_AWAY = 1001;

/** Open a connection that stays for as long as its key allows. */
export async function upgrade(
  context: RequestContext,
  target: Target,
  key: KeyRecord,
  hash: KeyHash,
  gateway: Gateway,
  background: Background,
): Promise<Response> {
  const options = forwardOptions(context, target, await gateway.identity.tokenFor(key, context.now));
  const answer = await startForward(context.request, options, gateway.upstream, "websocket").response;
  // An upstream that does not switch protocols answers as to any other call.
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

/** Whether a connection that was let in may stay: judged as a new call of the same key would be, at this instant. */
export async function reauthorize(
  hash: KeyHash,
  context: RequestContext,
  target: Target,
  gateway: Gateway,
  background: Background,
): Promise<Decision> {
  const ask = (exact: boolean) =>
    gateway.keys.resolve(hash, { fromPrimary: exact, allowUnconfirmed: false }, background);
  // The row itself: what is remembered for ten seconds and looked at every five would be felt after fifteen. When D1
  // cannot be asked, a connection lives on the grace like a read, unless reads are exact too.
  const found = await ask(true).catch((error) => {
    if (gateway.policy.strongCheck === "all") throw error;
    return ask(false);
  });
  const settled = "result" in found ? await found.result : found;
  return evaluate(settled.record, { ...context, now: gateway.now() }, target, gateway);
}

/**
 * Join the client to a WebSocket of the upstream.
 *
 * @param switched the upstream's 101
 * @param mayStay asked every five seconds; ends the connection with `false`, and never rejects
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
  // A client that has named subprotocols gives up when the answer chooses none (RFC 6455 section 4.1).
  const protocol = switched.headers.get("sec-websocket-protocol");
  const headers = protocol === null ? {} : { "sec-websocket-protocol": protocol };
  return new Response(null, { status: 101, webSocket: client, headers });
}

function pipe(from: WebSocket, to: WebSocket): void {
  from.addEventListener("message", ({ data }) => {
    try {
      to.send(data);
    } catch {
      // The other side has gone between two messages; its close event ends this side as well.
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
