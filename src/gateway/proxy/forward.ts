// Forwards an authorized request: strips headers and the credential, adds the signed identity, streams both ways. Never sends
// a request twice, never follows a redirect, never reads a body.
import type { Upstream, UpstreamFailure } from "../gateway.ts";
import type { IncomingRequest } from "../incoming-request.ts";
import { upstreamRequestHeaders } from "./request-headers.ts";

/** The most time for the whole request body to be sent. */
const SEND_WITHIN_MS = 900_000;

/** What the upstream is told about a request, besides the request itself. */
export interface ForwardOptions {
  readonly path: string;
  /** With its "?", or empty; byte for byte what the client sent. */
  readonly query: string;
  readonly identity: string;
  /** `unknown` for a request that the operation table does not know. */
  readonly operation: string;
  readonly requestId: string;
  readonly address: string | null;
}

/** A request that is on its way to the upstream, and can be canceled. */
export interface PendingForward {
  readonly response: Promise<Response | UpstreamFailure>;
  /** Ends the request and drops its response. */
  cancel(): void;
}

/**
 * Forward a request that is never canceled.
 *
 * Without an AbortController, and with a timer that is never cleared: both cost time, and a late timeout resolves a promise
 * that is already settled (npm run bench:forward). What has timed out ends with the response to the client, when the runtime
 * drops whatever is still running for it.
 *
 * @returns the response, once the upstream's headers have arrived; never rejects
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
 * Forward a request that may be canceled, or whose body takes time to be sent.
 *
 * @param upgrade the protocol to switch to (RFC 9110 section 7.8)
 * @returns at once; the response settles when the upstream's headers have arrived, and never rejects
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
  // A long upload is not a slow response: the upstream's time limit starts when it has taken the whole body.
  taken?.finally(() => deadline.in(upstream.timeoutMs)).catch(() => undefined);

  const outgoing = upstreamRequest(request, content, options, upstream, controller.signal);
  if (upgrade !== undefined) outgoing.headers.upgrade = upgrade;
  const response = upstream
    .fetch(urlOf(options, upstream), outgoing)
    .catch((cause: unknown): UpstreamFailure => ({ failure: over, cause }))
    .finally(() => deadline.off());
  return {
    response,
    cancel() {
      over = "cancelled";
      deadline.off();
      controller.abort();
      response.then((late) => ("failure" in late ? undefined : late.body?.cancel())).catch(() => undefined);
    },
  };
}

function hasContent(request: IncomingRequest): boolean {
  // An authorized GET or HEAD has no content, but may have an empty stream, which the runtime refuses to send.
  return request.method !== "GET" && request.method !== "HEAD" && request.raw.body !== null;
}

/** The body of a request, and when the upstream has taken all of it; `null` when there is none. */
function contentOf(request: IncomingRequest): {
  readonly content: ReadableStream | null;
  readonly taken: Promise<void> | null;
} {
  if (!hasContent(request)) return { content: null, taken: null };
  const length = request.headers.get("content-length");
  const { readable, writable } = length == null ? new IdentityTransformStream() : new FixedLengthStream(Number(length));
  return { content: readable, taken: (request.raw.body as ReadableStream).pipeTo(writable) };
}

/** One time limit, which may be moved until it is turned off. */
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
 * The URL of a request at the upstream. The origin is configured, the path is canonical (it begins with one slash and has no
 * dot segment), the query follows a "?": no character of the client can reach the authority. Never `new URL(path, origin)`.
 */
function urlOf({ path, query }: ForwardOptions, { origin }: Upstream): string {
  return origin + path + query;
}

/**
 * The request as the upstream gets it.
 *
 * @returns what `fetch` takes with a URL: cheaper than a `Request` (npm run bench:forward)
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
    // A redirect that is followed would carry the signed identity to another server.
    redirect: "manual",
    // Two clients may get two responses from one URL, so no cache in between may store one.
    cache: "no-store",
    signal,
  };
}
