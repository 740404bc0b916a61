// What Node's clients and curl report of a response.
import { createHash } from "node:crypto";

const LONG = 65_536;

interface Response {
  readonly status: number;
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** A long body as its length and checksum, a short one as it is. */
export function describeBody(body: Buffer): string {
  if (body.length <= LONG) return body.toString("base64");
  return `${body.length} bytes, sha256 ${createHash("sha256").update(body).digest("hex")}`;
}

/** Read a response. @returns its status, URL, headers and body, and the milliseconds between its first and its last bytes */
export async function summarize(
  { status, url, headers, parts }: Response,
  until: string | undefined,
): Promise<Omit<Response, "parts"> & { body: string; spread: number }> {
  const body: Buffer[] = [];
  let first: number | null = null;
  for await (const part of parts) {
    first ??= performance.now();
    body.push(Buffer.from(part));
    if (until !== undefined && Buffer.concat(body).includes(until)) break;
  }
  const spread = first === null ? 0 : performance.now() - first;
  return { status, url, headers, body: describeBody(Buffer.concat(body)), spread };
}
