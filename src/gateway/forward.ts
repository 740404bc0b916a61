// Sends an authorised call on: strip, drop the credential, add the signed identity, stream both ways. Never repeats a
// call, never follows a redirect, never reads a body.
import type { Upstream } from "./door.ts";
import { forbiddenOutward, inwardHeaders } from "./headers.ts";

/** What the upstream is told about a call, beside the call itself. */
export interface Onward {
  readonly path: string;
  /** With its "?", or empty; byte for byte what the client sent. */
  readonly query: string;
  readonly identity: string;
  /** `unknown` for a call that the operation table does not know. */
  readonly operation: string;
  readonly requestId: string;
  readonly address: string | null;
}

/** The upstream gave no answer: `timeout` is a 504, `unreachable` a 502. */
export type NoAnswer = "timeout" | "unreachable" | "cancelled";

/** A call that is on its way to the upstream, and can be called off. */
export interface Flight {
  readonly answer: Promise<Response | NoAnswer>;
  /** Ends the call and drops whatever the upstream has to say to it. */
  cancel(): void;
}

/**
 * Send a call to the upstream.
 *
 * @returns at once; the answer settles when the upstream's headers have come, and never rejects
 */
export function sendUpstream(request: Request, onward: Onward, upstream: Upstream): Flight {
  const controller = new AbortController();
  let over: NoAnswer = "unreachable";
  const timer = setTimeout(() => {
    over = "timeout";
    controller.abort();
  }, upstream.timeoutMs);

  const answer = upstream
    .fetch(upstreamRequest(request, onward, upstream, controller.signal))
    .catch(() => over)
    .finally(() => clearTimeout(timer));
  return {
    answer,
    cancel() {
      over = "cancelled";
      clearTimeout(timer);
      controller.abort();
      answer.then((late) => (typeof late === "string" ? undefined : late.body?.cancel())).catch(() => undefined);
    },
  };
}

/** The call as the upstream gets it. */
export function upstreamRequest(request: Request, onward: Onward, upstream: Upstream, signal: AbortSignal): Request {
  const headers = inwardHeaders(request.headers);
  headers.set("gatehouse-identity", onward.identity);
  headers.set("gatehouse-operation", onward.operation);
  headers.set("gatehouse-request-id", onward.requestId);
  if (onward.address !== null) headers.set("x-forwarded-for", onward.address);
  if (upstream.authorization !== null) headers.set("authorization", upstream.authorization);
  // The origin is configured, the path canonical (it begins with one slash and has no dot segment), the query behind a
  // "?": no character of the client's can reach the authority. Never `new URL(path, origin)`.
  return new Request(upstream.origin + onward.path + onward.query, {
    method: request.method,
    headers,
    body: request.body,
    // A followed redirect would carry our identity to wherever the upstream, or whoever speaks for it, points.
    redirect: "manual",
    // Two callers may get two answers to one address, so nothing in between may keep one.
    cache: "no-store",
    signal,
  });
}

/** What the client gets of the upstream's answer: status, headers and body as they came, less what may not go out. */
export function passOn(request: Request, answer: Response, upstream: Upstream): Response {
  const encoding = answer.headers.get("content-encoding");
  const decode = encoding !== null && !acceptsEncoding(request, encoding);
  const forbidden = forbiddenOutward(answer.headers);
  const location = answer.status >= 300 && answer.status < 400 ? answer.headers.get("location") : null;
  const inside = location?.startsWith(`${upstream.origin}/`) === true;
  // Copying an answer costs a tenth of a call, so it is copied only when something in it has to change.
  if (forbidden.length === 0 && !inside && !decode) return answer;
  const copy = new Response(answer.body, answer);
  for (const name of forbidden) copy.headers.delete(name);
  // The runtime decodes what it reads; without the header it does not encode it again.
  if (decode) copy.headers.delete("content-encoding");
  // A redirect within the upstream must lead through the door again, not to a host that the client cannot see.
  if (inside) copy.headers.set("location", (location as string).slice(upstream.origin.length));
  return copy;
}

/**
 * Whether the client can read a content coding. The platform asks upstreams for `br, gzip` whatever the client accepts,
 * and says in `cf` what that was: https://developers.cloudflare.com/workers/runtime-apis/request/#incomingrequestcfproperties
 */
function acceptsEncoding(request: Request, encoding: string): boolean {
  const cf = request.cf as { readonly clientAcceptEncoding?: string } | undefined;
  const accepted = cf === undefined ? request.headers.get("accept-encoding") : cf.clientAcceptEncoding;
  const codings = (accepted ?? "")
    .toLowerCase()
    .split(",")
    .map((coding) => coding.split(";")[0]?.trim());
  return codings.includes(encoding.toLowerCase()) || codings.includes("*");
}
