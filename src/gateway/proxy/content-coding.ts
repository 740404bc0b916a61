// Content codings (RFC 9110 section 8.4): which the client accepts, and when a response is decoded for it.
import type { IncomingRequest } from "../incoming-request.ts";

/** The codings that the runtime decodes when it reads a body. */
const DECODED: ReadonlySet<string> = new Set(["gzip", "br"]);

/** Accept-Encoding values whose reading is remembered. */
const MAX_CACHED = 200;

export interface AcceptedCodings {
  accepts(coding: string): boolean;
  /** Every coding that the runtime could decode: no response ever has to be decoded. */
  readonly acceptsAll: boolean;
}

const cached = new Map<string, AcceptedCodings>();

/**
 * The codings that a client accepts. The platform may replace `Accept-Encoding`, and keeps the client's own in `cf`:
 * https://developers.cloudflare.com/workers/runtime-apis/request/#incomingrequestcfproperties
 */
export function acceptedCodings(request: IncomingRequest): AcceptedCodings {
  const { cf } = request.raw as { readonly cf?: { readonly clientAcceptEncoding?: string } };
  const value = (cf === undefined ? request.headers.get("accept-encoding") : cf.clientAcceptEncoding) ?? "";
  const known = cached.get(value);
  if (known !== undefined) return known;
  if (cached.size >= MAX_CACHED) cached.clear();
  const read = readAcceptEncoding(value);
  cached.set(value, read);
  return read;
}

/**
 * Read an `Accept-Encoding`: RFC 9110 section 12.5.3, but that a client which names no coding gets none. It has asked for
 * nothing, and the platform asks upstreams for codings all the same.
 */
export function readAcceptEncoding(value: string): AcceptedCodings {
  const weights = new Map<string, boolean>();
  for (const item of value.toLowerCase().split(",")) {
    const [coding = "", ...parameters] = item.split(";").map((part) => part.trim());
    // Section 12.4.2: a weight of zero means "not acceptable".
    if (coding !== "") weights.set(coding, !parameters.some((parameter) => /^q\s*=\s*0(?:\.0*)?$/.test(parameter)));
  }
  // Section 8.4.1.3: `x-gzip` is `gzip`.
  const aliased = (coding: string) => weights.get(coding) ?? (coding === "gzip" ? weights.get("x-gzip") : undefined);
  // "*" is every coding that is not named.
  const accepts = (coding: string) => aliased(coding) ?? weights.get("*") ?? false;
  return { accepts, acceptsAll: [...DECODED].every(accepts) };
}

/** Whether the runtime decodes a coding when a body is read that was not fetched as it is. */
export function isDecodedWhenRead(coding: string): boolean {
  return DECODED.has(coding.toLowerCase());
}

/**
 * Whether a response may be decoded.
 *
 * Only whole content is: not a part of it (206), not what HEAD, 204 and 304 only describe, not what says that it has no bytes,
 * and nothing under `no-transform` (RFC 9111 section 5.2.2.6).
 */
export function mayBeDecoded(request: IncomingRequest, { body, headers, status }: Response): boolean {
  if (body === null || status === 206 || request.method === "HEAD" || headers.get("content-length") === "0")
    return false;
  return !/(?:^|[\s,])no-transform(?:$|[\s,])/i.test(headers.get("cache-control") ?? "");
}

/** What is true of the coded bytes only (RFC 9110 sections 8.8.3 and 14.3, RFC 9530, RFC 1864). */
const OF_CODED_BYTES = [
  ...["content-encoding", "content-length", "content-digest", "content-md5", "digest", "repr-digest", "accept-ranges"],
];

/** Corrects the headers of a response that is decoded. */
export function describeDecoded(headers: Headers): void {
  for (const name of OF_CODED_BYTES) headers.delete(name);
  const tag = headers.get("etag");
  // The same representation in other bytes: a weak validator (RFC 9110 section 8.8.1).
  if (tag !== null && !tag.startsWith("W/")) headers.set("etag", `W/${tag}`);
  headers.append("vary", "Accept-Encoding");
}

/** What the runtime says when a coded body has no bytes at all, though its framing is complete. */
const ENDED = /stream ended prematurely/;

/**
 * The decoded bytes of a body of unknown length: an empty body is empty in every coding, and no error.
 *
 * @returns `null` for an empty body; otherwise its bytes, which end with an error where decoding fails
 */
export async function decodedBody(body: ReadableStream<Uint8Array>): Promise<ReadableStream<Uint8Array> | null> {
  const reader = body.getReader();
  const first = await reader.read().catch((error: unknown) => {
    if (ENDED.test(String(error))) return { done: true, value: undefined } as const;
    return error as Error;
  });
  if (first instanceof Error) throw first;
  if (first.done) return null;
  reader.releaseLock();
  const { readable, writable } = new IdentityTransformStream();
  const writer = writable.getWriter();
  const rest = async () => {
    await writer.write(first.value);
    writer.releaseLock();
    await body.pipeTo(writable);
  };
  // A break reaches the client through the stream itself.
  rest().catch(() => undefined);
  return readable;
}
