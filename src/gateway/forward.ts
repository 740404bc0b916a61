// Sends an authorised call on: strip, drop the credential, add the signed identity, stream both ways. Never repeats a
// call, never follows a redirect, never reads a body.
import type { Upstream } from "./door.ts";
import { forbiddenOutward, inwardHeaders } from "./headers.ts";

/** For how long a client may send, however slowly the upstream takes it. */
const SEND_WITHIN_MS = 900_000;

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
export interface NoAnswer {
  readonly noAnswer: "timeout" | "unreachable" | "cancelled";
  /** What the runtime says of it, for the log only. */
  readonly cause: unknown;
}

/** A call that is on its way to the upstream, and can be called off. */
export interface Flight {
  readonly answer: Promise<Response | NoAnswer>;
  /** Ends the call and drops whatever the upstream has to say to it. */
  cancel(): void;
}

/**
 * Send a call to the upstream.
 *
 * @param upgrade the protocol to change to (RFC 9110 section 7.8), for a call that may ask for one
 * @returns at once; the answer settles when the upstream's headers have come, and never rejects
 */
export function sendUpstream(request: Request, onward: Onward, upstream: Upstream, upgrade?: "websocket"): Flight {
  const controller = new AbortController();
  let over: NoAnswer["noAnswer"] = "unreachable";
  const deadline = createDeadline(() => {
    over = "timeout";
    controller.abort();
  });
  const { content, taken } = contentOf(request);
  deadline.in(taken === null ? upstream.timeoutMs : SEND_WITHIN_MS);
  // A long upload is no slow answer: the upstream's time begins when it has taken everything.
  taken?.finally(() => deadline.in(upstream.timeoutMs)).catch(() => undefined);

  const outgoing = upstreamRequest(request, content, onward, upstream, controller.signal);
  if (upgrade !== undefined) outgoing.headers.set("upgrade", upgrade);
  const answer = upstream
    .fetch(outgoing)
    .catch((cause: unknown): NoAnswer => ({ noAnswer: over, cause }))
    .finally(() => deadline.off());
  return {
    answer,
    cancel() {
      over = "cancelled";
      deadline.off();
      controller.abort();
      answer.then((late) => ("noAnswer" in late ? undefined : late.body?.cancel())).catch(() => undefined);
    },
  };
}

/** What a call brings with it, and when all of that has been taken; `null` for nothing. */
function contentOf({ method, body, headers }: Request): {
  readonly content: ReadableStream | null;
  readonly taken: Promise<void> | null;
} {
  // A GET or HEAD that was let in has no content, but may have a stream of none, which the runtime refuses to send.
  if (body === null || method === "GET" || method === "HEAD") return { content: null, taken: null };
  const length = headers.get("content-length");
  const { readable, writable } =
    length === null ? new IdentityTransformStream() : new FixedLengthStream(Number(length));
  return { content: readable, taken: body.pipeTo(writable) };
}

/** One time limit, which may be moved until it is called off. */
function createDeadline(expire: () => void) {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let isOff = false;
  return {
    in(delayMs: number): void {
      clearTimeout(timer);
      if (!isOff) timer = setTimeout(expire, delayMs);
    },
    off(): void {
      isOff = true;
      clearTimeout(timer);
    },
  };
}

/** The call as the upstream gets it. */
function upstreamRequest(
  request: Request,
  body: ReadableStream | null,
  onward: Onward,
  upstream: Upstream,
  signal: AbortSignal,
): Request {
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
    body,
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
  const location = locationWithin(answer.headers.get("location"), upstream.origin);
  // Copying an answer costs a tenth of a call, so it is copied only when something in it has to change.
  if (forbidden.length === 0 && location === null && !decode) return answer;
  const copy = new Response(answer.body, answer);
  for (const name of forbidden) copy.headers.delete(name);
  // The runtime decodes what it reads; without the header it does not encode it again.
  if (decode) copy.headers.delete("content-encoding");
  // It must lead through the door again, not to a host that the client cannot see.
  if (location !== null) copy.headers.set("location", location);
  return copy;
}

/** Where an absolute address within the upstream is for the client; `null` for every other, which goes out as it is. */
function locationWithin(location: string | null, origin: string): string | null {
  if (location === null || !/^\s*(?:[a-z][a-z0-9+.-]*:|[/\\]{2})/i.test(location)) return null;
  const url = URL.parse(location, origin);
  return url?.origin === origin ? url.pathname + url.search + url.hash : null;
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
