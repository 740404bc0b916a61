// A raw TCP client: sends bytes that no HTTP client would send, and reads every response.
import { connect } from "node:net";

export interface RawResponse {
  /** 0 when no status line was received. */
  readonly status: number;
  /** Names in lower case; values of repeated headers are joined with ", ". */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as received, chunk sizes included. */
  readonly body: string;
  /** All received bytes of all responses, as Latin-1. */
  readonly text: string;
  /** The number of responses. */
  readonly answers: number;
}

export interface RawOptions {
  /** Idle time after which the connection is closed. */
  readonly quietMs?: number;
  /** Half-closes the connection after the last byte. */
  readonly end?: boolean;
}

/** Sends bytes (text as Latin-1) to a port of the loopback, and reads until the server closes or is idle. */
export function sendRaw(port: number, bytes: string | Uint8Array, options: RawOptions = {}): Promise<RawResponse> {
  const { quietMs = 3_000, end = false } = options;
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    const socket = connect(port, "127.0.0.1");
    const done = () => {
      socket.destroy();
      resolve(parseResponse(Buffer.concat(parts).toString("latin1")));
    };
    socket.setTimeout(quietMs, done);
    socket.on("data", (part) => parts.push(part));
    socket.on("end", done);
    // A reset counts as a closed connection: the result is status 0.
    socket.on("error", done);
    socket.on("connect", () => {
      socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
      if (end) socket.end();
    });
  });
}

/**
 * A request as text: the request line and the header lines as given. Adds `Host` and `Connection: close` where missing, so
 * that the response ends with the connection.
 */
export function rawRequest(requestLine: string, headerLines: readonly string[] = [], body = ""): string {
  const host = headerLines.some((line) => /^host\s*:/i.test(line)) ? [] : ["Host: gatehouse.test"];
  const connection = headerLines.some((line) => /^connection\s*:/i.test(line)) ? [] : ["Connection: close"];
  return `${[requestLine, ...host, ...headerLines, ...connection].join("\r\n")}\r\n\r\n${body}`;
}

function parseResponse(text: string): RawResponse {
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
