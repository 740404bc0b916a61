// Content codings (RFC 9110 section 8.4): which the client accepts, and when a response is decoded for it.
import type { IncomingRequest } from "../incoming-request.ts";
import { copyAll, endWithKey, passThrough } from "./open-response.ts";
import type { OpenRequest } from "./reauthorize.ts";

/** The codings that upstreams are asked for by the platform, whatever the client accepts. */
export type Decodable = "gzip" | "br";

/** RFC 9110 section 8.4.1: names of codings are case-insensitive, and `x-gzip` is `gzip`. */
const DECODABLE: ReadonlyMap<string, Decodable> = new Map([
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["br", "br"],
]);

/**
 * The coding that has to be undone for a client, or `null`: the response goes out as it came.
 *
 * Only whole content is decoded: not a part of it (206), not what says that it has no bytes, and nothing under `no-transform`
 * (RFC 9111 section 5.2.2.6). The response to a HEAD is described as that to a GET (RFC 9110 section 9.3.2).
 *
 * @param contentEncoding the value of `Content-Encoding`
 */
export function codingToUndo(
  request: IncomingRequest,
  { body, headers, status }: Response,
  contentEncoding: string,
): Decodable | null {
  const coding = DECODABLE.get(contentEncoding.toLowerCase());
  if (coding === undefined || acceptsCoding(acceptEncodingOf(request), coding)) return null;
  if ((body === null && request.method !== "HEAD") || status === 206 || headers.get("content-length") === "0")
    return null;
  return /(?:^|[\s,])no-transform(?:$|[\s,])/i.test(headers.get("cache-control") ?? "") ? null : coding;
}

/**
 * The client's own `Accept-Encoding`. The platform may replace it, and keeps the client's in `cf`:
 * https://developers.cloudflare.com/workers/runtime-apis/request/#incomingrequestcfproperties
 */
function acceptEncodingOf(request: IncomingRequest): string {
  const { cf } = request.raw as { readonly cf?: { readonly clientAcceptEncoding?: string } };
  return (cf === undefined ? request.headers.get("accept-encoding") : cf.clientAcceptEncoding) ?? "";
}

/**
 * Whether an `Accept-Encoding` accepts a coding: RFC 9110 section 12.5.3, but that a client which names no coding gets none. It
 * has asked for nothing, and the platform asks upstreams for codings all the same.
 */
export function acceptsCoding(acceptEncoding: string, coding: Decodable): boolean {
  const accepted = new Map<string, boolean>();
  for (const item of acceptEncoding.toLowerCase().split(",")) {
    const [name = "", ...parameters] = item.split(";").map((part) => part.trim());
    // Section 12.4.2: a weight of zero means "not acceptable".
    accepted.set(name, !parameters.some((parameter) => /^q\s*=\s*0(?:\.0*)?$/.test(parameter)));
  }
  const named = accepted.get(coding) ?? (coding === "gzip" ? accepted.get("x-gzip") : undefined);
  // "*" is every coding that is not named.
  return named ?? accepted.get("*") ?? false;
}

/** What is true of the coded bytes only: RFC 9110 sections 8.6 and 14.3, RFC 9530, RFC 1864. */
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

/**
 * Decode a body for as long as the key allows the request.
 *
 * @param status for the log of the end
 * @returns the decoded body, once its first bytes are there: what cannot be decoded is no response without an end. `null` for
 *   an empty one, which is empty in every coding
 * @throws when the first bytes cannot be decoded
 */
export async function decodeBody(
  body: ReadableStream<Uint8Array>,
  coding: Decodable,
  status: number,
  open: OpenRequest,
): Promise<ReadableStream<Uint8Array> | null> {
  const coded = await readBeginning(body);
  if (coded === null) return null;
  const decoded = endWithKey(body, coded, await createDecoder(coding), status, open());
  const first = await readBeginning(decoded);
  if (first === null) return null;
  const { readable, writable } = passThrough(null);
  // A break reaches the client through the stream itself.
  copyAll(first, decoded, writable).catch(() => undefined);
  return readable;
}

/**
 * The stream that undoes a coding; loads with the first response that needs it. `DecompressionStream` would reject a second
 * member of a gzip body, which RFC 1952 section 2.2 allows.
 */
async function createDecoder(coding: Decodable): Promise<ReadableWritablePair<Uint8Array, Uint8Array>> {
  const [{ createBrotliDecompress, createGunzip }, { Duplex }] = await Promise.all([
    import("node:zlib"),
    import("node:stream"),
  ]);
  return Duplex.toWeb(coding === "gzip" ? createGunzip() : createBrotliDecompress()) as ReadableWritablePair<
    Uint8Array,
    Uint8Array
  >;
}

/**
 * Read the beginning of a body.
 *
 * @returns its first bytes, or `null` for an empty body
 */
async function readBeginning(body: ReadableStream<Uint8Array>): Promise<Uint8Array | null> {
  const reader = body.getReader();
  const { done, value } = await reader.read();
  reader.releaseLock();
  return done ? null : value;
}
