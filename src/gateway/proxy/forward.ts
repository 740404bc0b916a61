// Forwards an authorized request: strips headers and the credential, adds the signed identity, streams both ways. Never follows
// a redirect, and never sends a request twice by itself (speculative-forward.ts does, for a read whose identity has changed).

import type { Target } from "../../core/routing/match-operation.ts";
import type { Upstream, UpstreamFailure } from "../gateway.ts";
import { type IncomingRequest, readFields } from "../incoming-request.ts";
import type { RequestContext } from "../request-context.ts";
import { passThrough } from "./open-response.ts";
import type { OpenRequest, Reauthorization } from "./reauthorize.ts";
import { copyBody, isReadFirst, readFirst } from "./request-body.ts";
import { reuseHeaders, upstreamRequestHeaders, withRawBytes } from "./request-headers.ts";

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

/** What the upstream is told about a request. */
export function forwardOptions(context: RequestContext, target: Target, identity: string): ForwardOptions {
  return {
    path: target.path,
    query: target.query,
    identity,
    operation: target.operation?.operationId ?? "unknown",
    requestId: context.requestId,
    address: context.client?.text ?? null,
  };
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
 * @param open the reauthorization of a request whose body takes time
 * @returns the response, once the upstream's headers have arrived, or why there is none
 * @throws when its key cannot be authorized again, before anything was sent
 */
export async function forward(
  request: IncomingRequest,
  options: ForwardOptions,
  upstream: Upstream,
  open: OpenRequest,
): Promise<Response | UpstreamFailure> {
  if (!hasContent(request)) return send(request, null, options, upstream);
  const length = request.headers.get("content-length");
  if (!isReadFirst(length)) return forwardStream(request, length, options, upstream, open());
  const body = await readFirst(request.raw, open());
  if ("failure" in body) return body;
  const { bytes, identity } = body;
  return send(request, bytes, identity === null ? options : { ...options, identity }, upstream);
}

/**
 * Send a request that is complete.
 *
 * Without an AbortController, and with a timer that is never cleared: both cost time, and a late timeout resolves a promise
 * that is already settled (npm run bench:forward). What has timed out ends with the response to the client, when the runtime
 * drops whatever is still running for it.
 */
function send(
  request: IncomingRequest,
  body: Uint8Array<ArrayBuffer> | null,
  options: ForwardOptions,
  upstream: Upstream,
): Promise<Response | UpstreamFailure> {
  return new Promise((settle) => {
    setTimeout(() => settle({ failure: "timeout", cause: null }), upstream.timeoutMs);
    const sent = upstream.fetch(urlOf(options, upstream), upstreamRequest(request, body, options, upstream));
    sent.then(settle, (cause: unknown) => settle({ failure: "unreachable", cause }));
  });
}

/**
 * Forward a request whose body takes time. The upstream's time limit starts when it has taken the whole body: a long upload is
 * not a slow response.
 */
function forwardStream(
  request: IncomingRequest,
  length: string | null,
  options: ForwardOptions,
  upstream: Upstream,
  reauthorization: Reauthorization,
): Promise<Response | UpstreamFailure> {
  const controller = new AbortController();
  let over: UpstreamFailure | null = null;
  const end = (failure: UpstreamFailure) => {
    over ??= failure;
    controller.abort();
  };
  const deadline = createDeadline(() => end({ failure: "timeout", cause: null }));
  deadline.in(SEND_WITHIN_MS);
  const { readable, writable } = passThrough(length);
  void copyBody(request.raw.body as ReadableStream, writable, length, reauthorization).then((failure) =>
    failure === null ? deadline.in(upstream.timeoutMs) : end(failure),
  );
  const outgoing = { ...upstreamRequest(request, readable, options, upstream), signal: controller.signal };
  return upstream
    .fetch(urlOf(options, upstream), outgoing)
    .catch((cause: unknown): UpstreamFailure => over ?? { failure: "unreachable", cause })
    .finally(() => deadline.off());
}

/**
 * Forward a request without content that may be canceled.
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
  let over: "unreachable" | "timeout" | "canceled" = "unreachable";
  const deadline = createDeadline(() => {
    over = "timeout";
    controller.abort();
  });
  deadline.in(upstream.timeoutMs);
  const outgoing = { ...upstreamRequest(request, null, options, upstream, upgrade), signal: controller.signal };
  const response = upstream
    .fetch(urlOf(options, upstream), outgoing)
    .catch((cause: unknown): UpstreamFailure => ({ failure: over, cause }))
    .finally(() => deadline.off());
  return {
    response,
    cancel() {
      over = "canceled";
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
 * Two clients may get two responses from one URL, so no cache of the platform may store or give one. This is what the runtime
 * makes of `cache: "no-store"`, which would add `Cache-Control` and `Pragma` to the request: an upstream then answers no
 * conditional request with 304.
 */
const UNCACHED = { cacheTtl: -1, cacheLevel: "bypass" };

type OutgoingRequest = RequestInit & { readonly headers: Headers };

/**
 * The request as the upstream gets it.
 *
 * @returns what `fetch` takes with a URL: cheaper than a `Request` (npm run bench:forward)
 */
function upstreamRequest(
  request: IncomingRequest,
  body: ReadableStream | Uint8Array<ArrayBuffer> | null,
  options: ForwardOptions,
  upstream: Upstream,
  upgrade?: "websocket",
): OutgoingRequest {
  const { kept: headers, hasRawBytes } = upstreamRequestHeaders(
    request.fields ?? readFields(request),
    request.url,
    options.address,
    upstream.forwardsHeader,
  );
  headers["gatehouse-identity"] = options.identity;
  headers["gatehouse-operation"] = options.operation;
  headers["gatehouse-request-id"] = options.requestId;
  if (upstream.authorization !== null) headers.authorization = upstream.authorization;
  if (upgrade !== undefined) headers.upgrade = upgrade;
  return {
    method: request.method,
    headers: hasRawBytes ? withRawBytes(request.headers, headers) : reuseHeaders(headers),
    body,
    // A redirect that is followed would carry the signed identity to another server.
    redirect: "manual",
    cf: UNCACHED,
    // The bytes of the body as they come, also where they are read on their way.
    encodeResponseBody: "manual",
  };
}
