// Reads one HTTP/1.1 message out of raw bytes, and keeps what an HTTP library would normalize: the case, order and
// repetition of fields, the framing, the chunk sizes, and whether the message is complete.

export type Field = readonly [name: string, value: string];

/** How the end of the content is found: RFC 9112 section 6.3. */
export type Framing = "none" | "length" | "chunked" | "close";

export interface Message {
  readonly startLine: string;
  /** As they came. Values are without the whitespace around them. */
  readonly fields: readonly Field[];
  readonly framing: Framing;
  readonly body: Buffer;
  /** Sizes of the chunks, in order; empty without chunked framing. */
  readonly chunks: readonly number[];
  readonly trailers: readonly Field[];
  /** Whether the framing says that everything has come. Framing by `close` is complete with the connection. */
  readonly complete: boolean;
  /** How many bytes the message takes, as far as it has come. */
  readonly length: number;
}

/**
 * Read the message at the beginning of some bytes.
 *
 * @param kind a request, or the response to a method
 * @returns `null` while the header section is incomplete
 */
export function readMessage(bytes: Buffer, kind: "request" | { readonly method: string }): Message | null {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd < 0) return null;
  const [startLine = "", ...lines] = bytes.toString("latin1", 0, headEnd).split("\r\n");
  const fields = lines.map(readField);
  const framing = framingOf(startLine, fields, kind);
  const content = readContent(bytes.subarray(headEnd + 4), framing, Number(fieldValue(fields, "content-length")));
  return { startLine, fields, framing, ...content, length: headEnd + 4 + content.length };
}

/** The combined value of a field (RFC 9110 section 5.3), or `null`. */
export function fieldValue(fields: readonly Field[], name: string): string | null {
  const values = fields.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
  return values.length === 0 ? null : values.join(", ");
}

/** The status code of a response. */
export function statusOf({ startLine }: Message): number {
  return Number(startLine.split(" ")[1]);
}

function readField(line: string): Field {
  const colon = line.indexOf(":");
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

function framingOf(
  startLine: string,
  fields: readonly Field[],
  kind: "request" | { readonly method: string },
): Framing {
  const coded = fieldValue(fields, "transfer-encoding") !== null;
  const sized = fieldValue(fields, "content-length") !== null;
  if (kind === "request") return coded ? "chunked" : sized ? "length" : "none";
  const status = Number(startLine.split(" ")[1]);
  if (kind.method === "HEAD" || status < 200 || status === 204 || status === 304) return "none";
  return coded ? "chunked" : sized ? "length" : "close";
}

type Content = Pick<Message, "body" | "chunks" | "trailers" | "complete" | "length">;

function readContent(rest: Buffer, framing: Framing, length: number): Content {
  const plain = (body: Buffer, complete: boolean): Content => ({
    body,
    chunks: [],
    trailers: [],
    complete,
    length: body.length,
  });
  switch (framing) {
    case "none":
      return plain(rest.subarray(0, 0), true);
    case "length":
      return plain(rest.subarray(0, length), rest.length >= length);
    case "close":
      return plain(rest, false);
    case "chunked":
      return readChunks(rest);
  }
}

function readChunks(rest: Buffer): Content {
  const parts: Buffer[] = [];
  let at = 0;
  const result = (complete: boolean, trailers: readonly Field[] = []): Content => ({
    body: Buffer.concat(parts),
    chunks: parts.map((part) => part.length),
    trailers,
    complete,
    length: at,
  });
  for (;;) {
    const lineEnd = rest.indexOf("\r\n", at);
    if (lineEnd < 0) return result(false);
    const size = Number.parseInt(rest.toString("latin1", at, lineEnd), 16);
    if (Number.isNaN(size)) return result(false);
    if (size === 0) {
      const end = rest.indexOf("\r\n\r\n", lineEnd);
      if (end < 0) return result(false);
      const lines = rest.toString("latin1", lineEnd + 2, Math.max(lineEnd + 2, end)).split("\r\n");
      at = end + 4;
      return result(true, lines.filter((line) => line !== "").map(readField));
    }
    if (rest.length < lineEnd + 2 + size + 2) return result(false);
    parts.push(rest.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}
