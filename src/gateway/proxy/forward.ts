// Sends an authorised call on: strip, drop the credential, add the signed identity, stream both ways. Never repeats a
// call, never follows a redirect, never reads a body.
import type { Upstream, UpstreamFailure } from "../gateway.ts";
import type { IncomingRequest } from "../lazy-request.ts";
import { upstreamRequestHeaders } from "./headers.ts";

/** For how long a client may send, however slowly the upstream takes it. */
const SEND_WITHIN_MS = 900_000;

/** What the upstream is told about a call, beside the call itself. */
export interface ForwardOptions {
  readonly path: string;
  /** With its "?", or empty; byte for byte what the client sent. */
  readonly query: string;
  readonly identity: string;
  /** `unknown` for a call that the operation table does not know. */
  readonly operation: string;
  readonly requestId: string;
  readonly address: string | null;
}

/** A call that is on its way to the upstream, and can be called off. */
export interface PendingForward {
  readonly response: Promise<Response | UpstreamFailure>;
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
export function forward(
  request: IncomingRequest,
  options: ForwardOptions,
  upstream: Upstream,
): Promise<Response | UpstreamFailure> {
  if (hasContent(request)) return startForward(request, options, upstream).response;
  return new Promise((settle) => {
    setTimeout(() => settle({ failure: "timeout", cause: null }), upstream.timeoutMs);
    const sent = upstream.fetch(urlOf(options, upstream), upstreamRequest(request, null, options, upstream, null));
    sent.then(settle, (cause: unknown) => settle({ failure: "unreachable", cause }));
  });
}

/**
 * Send a call to the upstream that may be called off, or that takes time to be sent.
 *
 * @param upgrade the protocol to change to (RFC 9110 section 7.8), for a call that may ask for one
 * @returns at once; the answer settles when the upstream's headers have come, and never rejects
 */
export function startForward(
  request: IncomingRequest,
  options: ForwardOptions,
  upstream: Upstream,
  upgrade?: "websocket",
): PendingForward {
  const controller = new AbortController();
  let over: UpstreamFailure["failure"] = "unreachable";
  const deadline = createDeadline(() => {
    over = "timeout";
    controller.abort();
  });
  const { content, taken } = contentOf(request);
  deadline.in(taken === null ? upstream.timeoutMs : SEND_WITHIN_MS);
  // A long upload is no slow answer: the upstream's time begins when it has taken everything.
  taken?.finally(() => deadline.in(upstream.timeoutMs)).catch(() => undefined);

  const outgoing = upstreamRequest(request, content, options, upstream, controller.signal);
  if (upgrade !== undefined) outgoing.headers.upgrade = upgrade;
  const answer = upstream
    .fetch(urlOf(options, upstream), outgoing)
    .catch((cause: unknown): UpstreamFailure => ({ failure: over, cause }))
    .finally(() => deadline.off());
  return {
    response: answer,
    cancel() {
      over = "cancelled";
      deadline.off();
      controller.abort();
      answer.then((late) => ("failure" in late ? undefined : late.body?.cancel())).catch(() => undefined);
    },
  };
}

function hasContent(request: IncomingRequest): boolean {
  // A GET or HEAD that was let in has no content, but may have a stream of none, which the runtime refuses to send.
  return request.method !== "GET" && request.method !== "HEAD" && request.body !== null;
}

/** What a call brings with it, and when all of that has been taken; `null` for nothing. */
function contentOf(request: IncomingRequest): {
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
function urlOf({ path, query }: ForwardOptions, { origin }: Upstream): string {
  return origin + path + query;
}

/**
 * The call as the upstream gets it.
 *
 * @returns what `fetch` takes beside a URL: a `Request` of our own making in between takes 15 µs (npm run bench:forward)
 */
function upstreamRequest(
  request: IncomingRequest,
  body: ReadableStream | null,
  options: ForwardOptions,
  upstream: Upstream,
  signal: AbortSignal | null,
): RequestInit & { readonly headers: Record<string, string> } {
  const headers = upstreamRequestHeaders(request.headers);
  headers["gatehouse-identity"] = options.identity;
  headers["gatehouse-operation"] = options.operation;
  headers["gatehouse-request-id"] = options.requestId;
  if (options.address !== null) headers["x-forwarded-for"] = options.address;
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
