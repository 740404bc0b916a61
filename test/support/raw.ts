// A TCP socket and nothing in between: sends bytes that no HTTP client would, and reads whatever comes back.
import { connect } from "node:net";

export interface RawAnswer {
  /** 0 when the connection ended, or stayed silent, without a status line. */
  readonly status: number;
  /** Names in lower case; of repeated ones, all values joined with ", ". */
  readonly headers: Readonly<Record<string, string>>;
  /** As it came, chunk sizes and all. */
  readonly body: string;
  /** Everything that came, of however many answers. */
  readonly text: string;
  /** How many answers came one after the other. */
  readonly answers: number;
}

export interface RawOptions {
  /** How long the other side may stay silent before the connection is given up. */
  readonly quietMs?: number;
  /** Ends our half of the connection behind the bytes, as a client that wants no more. */
  readonly end?: boolean;
}

/** Send bytes (text is Latin-1) to a port of the loopback and read until the other side ends or falls silent. */
export function sendRaw(port: number, bytes: string | Uint8Array, options: RawOptions = {}): Promise<RawAnswer> {
  const { quietMs = 3_000, end = false } = options;
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    const socket = connect(port, "127.0.0.1");
    const done = () => {
      socket.destroy();
      resolve(readAnswer(Buffer.concat(parts).toString("latin1")));
    };
    socket.setTimeout(quietMs, done);
    socket.on("data", (part) => parts.push(part));
    socket.on("end", done);
    // A reset is an answer as well: none.
    socket.on("error", done);
    socket.on("connect", () => {
      socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
      if (end) socket.end();
    });
  });
}

/**
 * A request as bytes: the request line, then the header lines as they are given, and an end to the connection, so that
 * the answer is over when the other side closes.
 */
export function rawRequest(requestLine: string, headerLines: readonly string[] = [], body = ""): string {
  const host = headerLines.some((line) => /^host\s*:/i.test(line)) ? [] : ["Host: gatehouse.test"];
  const connection = headerLines.some((line) => /^connection\s*:/i.test(line)) ? [] : ["Connection: close"];
  return `${[requestLine, ...host, ...headerLines, ...connection].join("\r\n")}\r\n\r\n${body}`;
}

function readAnswer(text: string): RawAnswer {
  const [head = "", ...rest] = text.split("\r\n\r\n");
  const [statusLine = "", ...lines] = head.split("\r\n");
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  return {
    status: Number(/^HTTP\/1\.[01] (\d{3})/.exec(statusLine)?.[1] ?? 0),
    headers,
    body: rest.join("\r\n\r\n"),
    text,
    answers: text.match(/^HTTP\/1\.[01] \d{3}/gm)?.length ?? 0,
  };
}
