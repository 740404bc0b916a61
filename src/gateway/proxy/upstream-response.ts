// The upstream's response as the client gets it: its status, its headers without what may not go out, and its bytes.
import type { Upstream } from "../gateway.ts";
import type { IncomingRequest } from "../incoming-request.ts";
import { acceptedCodings, decodedBody, describeDecoded, isDecodedWhenRead, mayBeDecoded } from "./content-coding.ts";
import { clientOrigin } from "./forwarded.ts";
import { endWithKey, mayStayOpen } from "./open-response.ts";
import type { Reauthorization } from "./reauthorize.ts";
import { listedHops } from "./request-headers.ts";
import { privateCaching, RESPONSE_HEADER_ACTIONS } from "./response-headers.ts";
import { rewriteLinks } from "./upstream-links.ts";

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
 * @param reauthorization for a response that may stay open
 * @returns a copy, whose headers may be changed; a promise only where a body has to be read to be decoded
 */
export function filterUpstreamResponse(
  request: IncomingRequest,
  response: Response,
  upstream: Upstream,
  reauthorization: Reauthorization,
): Response | Promise<Response> {
  const found = inspect(request, response, upstream);
  const staysOpen = mayStayOpen(found.length) && response.body !== null;
  const { decodes, watched } = treatment(request, response, found.coding, staysOpen);
  const finish = (body: ReadableStream<Uint8Array> | null) =>
    build(
      response,
      watched && body !== null
        ? endWithKey(body, decodes ? null : found.length, response.status, reauthorization)
        : body,
      found,
      decodes,
      upstream,
    );
  return decodes && found.length === null && response.body !== null
    ? decodedBody(response.body).then(finish)
    : finish(response.body);
}

/** Whether a body is decoded for the client, and whether it is read here. */
function treatment(
  request: IncomingRequest,
  response: Response,
  coding: string,
  staysOpen: boolean,
): { readonly decodes: boolean; readonly watched: boolean } {
  if (!isDecodedWhenRead(coding)) return { decodes: false, watched: staysOpen };
  const accepted = acceptedCodings(request);
  // Fetched as it is: forward.ts.
  if (accepted.acceptsAll) return { decodes: false, watched: staysOpen };
  const decodes = (staysOpen || !accepted.accepts(coding.toLowerCase())) && mayBeDecoded(request, response);
  return { decodes, watched: staysOpen && decodes };
}

/** One pass over the headers that are there: cheaper than a lookup of each name that matters. */
function inspect(request: IncomingRequest, response: Response, upstream: Upstream): Inspected {
  const found: Inspected = { dropped: [], changed: [], coding: "", length: null };
  let connection: string | null = null;
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
        found.length = value;
        break;
      case "link":
        moveLinks(found, name, value, request, upstream);
        break;
      case "caching":
        found.changed.push([name, privateCaching(value)]);
    }
  });
  if (connection !== null) found.dropped.push("connection", ...listedHops(connection));
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
  decodes: boolean,
  upstream: Upstream,
): Response {
  const copy = new Response(body, response);
  const { headers } = copy;
  for (const name of dropped) headers.delete(name);
  for (const [name, value] of changed) headers.set(name, value);
  if (decodes) describeDecoded(headers);
  if (!upstream.servesPages) {
    // A page or a script of the upstream does not act for the gateway's origin, where the console is.
    headers.append("content-security-policy", "sandbox");
    headers.set("x-content-type-options", "nosniff");
  }
  return copy;
}
