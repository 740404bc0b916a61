// Sends an authorised call on: strip, drop the credential, add the signed identity, stream both ways. Never repeats a
// call, never follows a redirect, never reads a body.
import type { Upstream } from "./door.ts";
import { inwardHeaders } from "./headers.ts";
import type { Received } from "./received.ts";

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
 * Send a call to the upstream that nobody will call off.
 *
 * Without an AbortController, which takes 32 µs of a call with its timer, and with a timer that is not called off, which
 * would take 3 more: once the answer has come it settles nothing (npm run bench:forward). What has timed out ends with
 * the answer to its client, when the runtime drops whatever is still under way for it.
 *
 * @returns the answer when the upstream's headers have come; never a rejection
 */
export function sendUpstream(request: Received, onward: Onward, upstream: Upstream): Promise<Response | NoAnswer> {
  if (hasContent(request)) return launch(request, onward, upstream).answer;
  return new Promise((settle) => {
    setTimeout(() => settle({ noAnswer: "timeout", cause: null }), upstream.timeoutMs);
    const sent = upstream.fetch(urlOf(onward, upstream), upstreamCall(request, null, onward, upstream, null));
    sent.then(settle, (cause: unknown) => settle({ noAnswer: "unreachable", cause }));
  });
}

/**
 * Send a call to the upstream that may be called off, or that takes time to be sent.
 *
 * @param upgrade the protocol to change to (RFC 9110 section 7.8), for a call that may ask for one
 * @returns at once; the answer settles when the upstream's headers have come, and never rejects
 */
export function launch(request: Received, onward: Onward, upstream: Upstream, upgrade?: "websocket"): Flight {
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

  const outgoing = upstreamCall(request, content, onward, upstream, controller.signal);
  if (upgrade !== undefined) outgoing.headers.upgrade = upgrade;
  const answer = upstream
    .fetch(urlOf(onward, upstream), outgoing)
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

function hasContent(request: Received): boolean {
  // A GET or HEAD that was let in has no content, but may have a stream of none, which the runtime refuses to send.
  return request.method !== "GET" && request.method !== "HEAD" && request.body !== null;
}

/** What a call brings with it, and when all of that has been taken; `null` for nothing. */
function contentOf(request: Received): {
  readonly content: ReadableStream | null;
  readonly taken: Promise<void> | null;
} {
  if (!hasContent(request)) return { content: null, taken: null };
  const length = request.headers.get("content-length");
  const { readable, writable } = length == null ? new IdentityTransformStream() : new FixedLengthStream(Number(length));
  return { content: readable, taken: (request.body as ReadableStream).pipeTo(writable) };
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

/**
 * Where a call goes. The origin is configured, the path canonical (it begins with one slash and has no dot segment), the
 * query behind a "?": no character of the client's can reach the authority. Never `new URL(path, origin)`.
 */
function urlOf({ path, query }: Onward, { origin }: Upstream): string {
  return origin + path + query;
}

/**
 * The call as the upstream gets it.
 *
 * @returns what `fetch` takes beside a URL: a `Request` of our own making in between takes 15 µs (npm run bench:forward)
 */
function upstreamCall(
  request: Received,
  body: ReadableStream | null,
  onward: Onward,
  upstream: Upstream,
  signal: AbortSignal | null,
): RequestInit & { readonly headers: Record<string, string> } {
  const headers = inwardHeaders(request.headers);
  headers["gatehouse-identity"] = onward.identity;
  headers["gatehouse-operation"] = onward.operation;
  headers["gatehouse-request-id"] = onward.requestId;
  if (onward.address !== null) headers["x-forwarded-for"] = onward.address;
  if (upstream.authorization !== null) headers.authorization = upstream.authorization;
  return {
    method: request.method,
    headers,
    body,
    // A followed redirect would carry our identity to wherever the upstream, or whoever speaks for it, points.
    redirect: "manual",
    // Two callers may get two answers to one address, so nothing in between may keep one.
    cache: "no-store",
    signal,
  };
}
