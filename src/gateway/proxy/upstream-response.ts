// The upstream's response as the client gets it: its status, its headers without what may not go out, and its bytes.
import type { Gateway, Upstream, UpstreamFailure } from "../gateway.ts";
import type { IncomingRequest } from "../incoming-request.ts";
import type { RequestContext } from "../request-context.ts";
import { deny, upstreamErrorResponse } from "../responses/denial.ts";
import { codingToUndo, type Decodable, decodeBody, describeDecoded } from "./content-coding.ts";
import { endWithKey, passThrough } from "./open-response.ts";
import type { OpenRequest } from "./reauthorize.ts";
import { clientOrigin, listedHops } from "./request-headers.ts";
import { privateCaching, RESPONSE_HEADER_ACTIONS } from "./response-headers.ts";
import { rewriteLinks } from "./upstream-links.ts";

/** A response of at most this many bytes is not worth a stream and a timer of its own. */
const SHORT = 1_048_576;

/**
 * The client's response: the upstream's, or an error when there is none.
 *
 * Never rejects: once a request was sent, nothing about its response invites the client to send it again.
 */
export async function toClientResponse(
  response: Response | UpstreamFailure,
  context: RequestContext,
  gateway: Gateway,
  open: OpenRequest,
): Promise<Response> {
  let failed = response;
  const at = context.forwardedAt === 0 ? 0 : gateway.now();
  if (!("failure" in failed)) {
    try {
      const filtered = await filterUpstreamResponse(context.request, failed, gateway.upstream, open);
      if (!("failure" in filtered)) {
        if (at !== 0) context.answered = { at, with: filtered.status };
        return filtered;
      }
      failed = filtered;
    } catch (cause) {
      failed = { failure: "invalid", cause };
    }
  }
  if (failed.failure === "denied") return deny(context, failed.denial, gateway);
  context.answered = { at, with: failed.failure };
  context.error = new Error(`the upstream gave no answer: ${failed.failure}`, { cause: failed.cause });
  return upstreamErrorResponse(failed.failure, context.requestId);
}

/** RFC 9110 section 5.6.2, in lower case: `Headers` throws for any other name. */
const FIELD_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;

/** What is noteworthy about the headers of a response. */
interface Inspected {
  readonly dropped: string[];
  /** Headers with another value than the upstream has sent. */
  readonly changed: [name: string, value: string][];
  coding: string;
  length: string | null;
}

/**
 * The response for the client.
 *
 * @param open for a response that may stay open
 * @returns a copy, whose headers may be changed, or why there is none; a promise only where a body has to be read to be decoded
 */
export function filterUpstreamResponse(
  request: IncomingRequest,
  response: Response,
  upstream: Upstream,
  open: OpenRequest,
): Response | UpstreamFailure | Promise<Response> {
  const failure = failureOf(response, upstream);
  if (failure !== null) return failure;
  const found = inspect(request, response, upstream);
  const { body, status } = response;
  const coding = found.coding === "" ? null : codingToUndo(request, response, found.coding);
  if (coding !== null && body !== null && request.method !== "HEAD")
    return decode(response, body, coding, found, upstream, open);
  // A short response ends by itself.
  if (body === null || (found.length !== null && Number(found.length) <= SHORT)) {
    const copy = build(response, body, found, upstream);
    if (coding !== null) describeDecoded(copy.headers);
    return copy;
  }
  const copied = endWithKey(body, null, passThrough(found.length), status, open());
  return build(response, copied, found, upstream);
}

async function decode(
  response: Response,
  body: ReadableStream<Uint8Array>,
  coding: Decodable,
  found: Inspected,
  upstream: Upstream,
  open: OpenRequest,
): Promise<Response> {
  const copy = build(response, await decodeBody(body, coding, response.status, open), found, upstream);
  describeDecoded(copy.headers);
  return copy;
}

/** Why a response may not reach the client: HTTP does not have its status, or it denies a credential of ours. */
function failureOf({ status }: Response, upstream: Upstream): UpstreamFailure | null {
  // RFC 9110 sections 15 and 15.2.2: 101 was not asked for. The request may have been carried out.
  if (status < 200 || status > 599)
    return { failure: "invalid", cause: new Error(`the upstream's status is ${status}`) };
  // The client's key is good, and signing in again would not help.
  if (status === 401 && upstream.authorization !== null)
    return { failure: "unauthorized", cause: new Error("the upstream denies UPSTREAM_AUTHORIZATION") };
  return null;
}

/** One pass over the headers that are there: cheaper than a lookup of each name that matters. */
function inspect(request: IncomingRequest, response: Response, upstream: Upstream): Inspected {
  const found: Inspected = { dropped: [], changed: [], coding: "", length: null };
  let connection: string | null = null;
  let isChunked = false;
  response.headers.forEach((value, name) => {
    const action = RESPONSE_HEADER_ACTIONS.get(name);
    if (action === undefined) return;
    switch (action) {
      case "drop":
        found.dropped.push(name);
        break;
      case "connection":
        connection = value;
        break;
      case "coding":
        found.coding = value;
        break;
      case "length":
        // RFC 9110 section 8.6: equal values are one value; section 6.1 of RFC 9112: chunks override it.
        if (!isChunked) found.length = /^(\d+)(?:\s*,\s*\1)*$/.exec(value)?.[1] ?? value;
        break;
      case "chunks":
        isChunked = true;
        found.length = null;
        break;
      case "link":
        moveLinks(found, name, value, request, upstream);
        break;
      case "caching":
        found.changed.push([name, privateCaching(value)]);
    }
  });
  if (connection !== null)
    found.dropped.push("connection", ...[...listedHops(connection)].filter((name) => FIELD_NAME.test(name)));
  return found;
}

function moveLinks(found: Inspected, name: string, value: string, request: IncomingRequest, upstream: Upstream): void {
  const moved = rewriteLinks(name, value, { from: upstream.origin, to: clientOrigin(request.url).origin });
  if (moved === null) found.dropped.push(name);
  else if (moved !== value) found.changed.push([name, moved]);
}

function build(
  response: Response,
  body: ReadableStream | null,
  { dropped, changed }: Inspected,
  upstream: Upstream,
): Response {
  const copy = new Response(body, response);
  const { headers } = copy;
  for (const [name, value] of changed) headers.set(name, value);
  for (const name of dropped) headers.delete(name);
  if (!upstream.servesPages) {
    // A page or a script of the upstream does not act for the gateway's origin, where the console is.
    headers.append("content-security-policy", "sandbox");
    headers.set("x-content-type-options", "nosniff");
  }
  return copy;
}
