// Compares what a client says of the same requests direct and through the gateway.
import { createHash } from "node:crypto";
import type { ClientResult } from "./clients.ts";

/** One thing that is not the same. `null`: absent. */
export interface Difference {
  /** `status`, `body`, `header etag` ... */
  readonly what: string;
  readonly direct: string | null;
  readonly through: string | null;
}

/** A result, and the origins that stand for the place it came from. */
export interface Side {
  readonly result: ClientResult;
  readonly origins: readonly string[];
}

/** From the first to the last bytes of a streamed response at least this long, or it has not come part by part. */
const STREAMED_MS = 150;

/** Longer bodies are compared by their checksums. */
const LONG = 65_536;

/**
 * Everything that differs between the two results of a request.
 *
 * @param streams whether the response has to come part by part
 */
export function compareResults(direct: Side, through: Side, streams: boolean): readonly Difference[] {
  const [a, b] = [comparable(direct, streams), comparable(through, streams)];
  // Nothing else of a response with another status could be the same.
  const names = a.status === b.status ? [...new Set([...Object.keys(a), ...Object.keys(b)])].sort() : ["status"];
  return names.flatMap((what) =>
    a[what] === b[what] ? [] : [{ what, direct: a[what] ?? null, through: b[what] ?? null }],
  );
}

/** The text of a body that is not long, or its length and checksum. */
export function bodyOf({ body = "" }: ClientResult): string {
  const bytes = Buffer.from(body, "base64");
  if (bytes.length <= LONG) return bytes.toString("latin1");
  return `${bytes.length} bytes, sha256 ${createHash("sha256").update(bytes).digest("hex")}`;
}

/** A result without what may be another each time: dates, boundaries of parts, origins. */
function comparable({ result, origins }: Side, streams: boolean): Readonly<Record<string, string>> {
  if (result.error) return { error: "the client reports an error" };
  const type = result.headers.find(([name]) => name.toLowerCase() === "content-type")?.[1] ?? "";
  const boundary = /boundary="?([\w-]+)/.exec(type)?.[1];
  const plain = (text: string) => {
    const moved = origins.reduce((rest, origin) => rest.replaceAll(origin, "http://origin"), text);
    return boundary === undefined ? moved : moved.replaceAll(boundary, "boundary");
  };
  const headers: Record<string, string> = {};
  for (const [given, value] of result.headers) {
    const name = `header ${given.toLowerCase()}`;
    headers[name] = plain(headers[name] === undefined ? value : `${headers[name]}, ${value}`);
  }
  delete headers["header date"];
  const pace = streams ? { "first part": result.spread >= STREAMED_MS ? "before the last" : "with the last" } : {};
  return { status: `${result.status}`, url: plain(result.url), body: plain(bodyOf(result)), ...headers, ...pace };
}
