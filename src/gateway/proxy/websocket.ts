// WebSockets, where they are enabled; loaded with the first one. The handshake is authorized like any request, and the open
// connection again and again, so that it ends when its key does, within the same bound as a read.

import type { Principal } from "../../core/access/principal.ts";
import type { Target } from "../../core/routing/match-operation.ts";
import type { Background } from "../../store/common.ts";
import type { Gateway } from "../gateway.ts";
import type { RequestContext } from "../request-context.ts";
import { forwardOptions, startForward } from "./forward.ts";
import { REAUTHORIZE_EVERY_MS, reauthorization } from "./reauthorize.ts";
import { toClientResponse } from "./upstream-response.ts";

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
  gateway: Gateway,
  background: Background,
): Promise<Response> {
  const open = () => reauthorization(context, target, gateway, background);
  const identity = await gateway.identity.tokenFor(key, context.request.method, target.path, context.now);
  const options = forwardOptions(context, target, identity);
  if (gateway.metrics !== null) context.forwardedAt = gateway.now();
  const answer = await startForward(context.request, options, gateway.upstream, "websocket").response;
  if ("failure" in answer || !answer.webSocket) return toClientResponse(answer, context, gateway, open);
  const { isAllowed } = open();
  return relay(answer, () => isAllowed(101));
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
    // RFC 6455 section 7.4: no endpoint sends the codes that are reserved, for reading only, or outside these.
    const isSendable = code >= 1000 && code < 5000 && ![1004, 1006, 1015].includes(code);
    // RFC 6455 section 7.1.5: 1005 says that the other side has sent no code.
    if (code === 1005) end.close();
    else end.close(isSendable ? code : GOING_AWAY, reason);
  } catch {
    // Closed already.
  }
}
