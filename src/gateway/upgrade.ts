// WebSockets, where they are enabled: authorised at the handshake like any call, then looked at again for as long as they
// live, so that a connection ends when its key does, within the same bound as a read.
import type { Call } from "./call.ts";
import type { Door } from "./door.ts";
import { type Onward, passOn, upstreamRequest } from "./forward.ts";
import { answerError, refuse } from "./refuse.ts";

/** How often an open connection is judged again: with the ten seconds of a read this stays inside its bound. */
const RECHECK_EVERY_MS = 5_000;

/** RFC 6455 section 7.4.1: the endpoint ends the connection because of its policy. */
const POLICY_VIOLATION = 1008;
const GOING_AWAY = 1001;

/**
 * Relay a WebSocket between client and upstream (RFC 6455).
 *
 * @param mayStay judges the connection's key anew; when it throws, the connection ends: no answer, no entry
 */
export async function relayUpgrade(
  call: Call,
  onward: Onward,
  mayStay: () => Promise<boolean>,
  door: Door,
): Promise<Response> {
  if (call.request.headers.get("upgrade")?.toLowerCase() !== "websocket" || call.request.method !== "GET") {
    call.denial = { reason: "upgrade_not_enabled" };
    return refuse(call.denial, call.requestId);
  }
  const outgoing = upstreamRequest(call.request, onward, door.upstream, AbortSignal.timeout(door.upstream.timeoutMs));
  outgoing.headers.set("upgrade", "websocket");
  let answer: Response;
  try {
    answer = await door.upstream.fetch(outgoing);
  } catch (error) {
    call.error = error;
    return answerError(502, "upstream_unreachable", "The API behind Gatehouse cannot be reached.", call.requestId);
  }
  const inner = answer.webSocket;
  // The upstream did not switch protocols: its answer is an answer like any other.
  if (!inner) return passOn(call.request, answer, door.upstream);

  const [client, outer] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
  inner.accept();
  outer.accept();
  join(outer, inner);
  join(inner, outer);
  const timer = setInterval(async () => {
    const stays = await mayStay().catch(() => false);
    if (!stays) for (const end of [outer, inner]) close(end, POLICY_VIOLATION, "the API key no longer allows this");
  }, RECHECK_EVERY_MS);
  for (const end of [outer, inner]) end.addEventListener("close", () => clearInterval(timer));
  return new Response(null, { status: 101, webSocket: client });
}

function join(from: WebSocket, to: WebSocket): void {
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
    // 1005 and 1006 are for reading only (RFC 6455 section 7.4.1).
    end.close(code === 1005 || code === 1006 ? GOING_AWAY : code, reason);
  } catch {
    // Closed already.
  }
}
