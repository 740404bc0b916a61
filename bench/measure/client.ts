// Sends a server an exact number of requests over connections that stay open, and checks the status of every response.
// Bursts of a few hundred requests, server after server, meet a noisy machine alike; and since no request is cut off, CPU
// per request is exact.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { CLUSTERS } from "../setup/keys.ts";
import { ADDRESS } from "./edge-request.ts";

const CLIENT_HEADERS = { accept: "application/json", "user-agent": "bench", "cf-connecting-ip": ADDRESS };
/** Connections of a burst. */
const CONNECTIONS = 32;

export interface Client {
  /** Opens the connections again that the server has closed, as workerd does after five idle seconds. */
  ready(): Promise<void>;
  /** Sends this many requests. @throws Error for a response with another status, or a connection that ends */
  burst(requests: number): Promise<void>;
  close(): void;
}

export interface Requests {
  /** The clusters' when it is not given. */
  readonly path?: string;
  /** The body of a POST; a GET when it is not given. */
  readonly body?: string;
  /** Bearer tokens, used in turn; `null` is a request without one. */
  readonly tokens: readonly (string | null)[];
  /** Beside the client's. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Of every response. */
  readonly status: number;
}

/** The headers of every request: the client's, those given, and the bearer token, if there is one. */
export function headersOf(token: string | null, headers: Requests["headers"]): Readonly<Record<string, string>> {
  const credential = token === null ? {} : { authorization: `Bearer ${token}` };
  return { ...CLIENT_HEADERS, ...headers, ...credential };
}

/** Servers close a connection only after a longer idle time than this. */
const FRESH_FOR_MS = 3_000;

/** A client of one server. Its connections open with the first `ready`. */
export function openClient(
  { path = CLUSTERS, tokens, headers, body, status }: Requests,
  port: number,
  connections = CONNECTIONS,
): Client {
  const requests = tokens.map((token) => encode(port, path, headersOf(token, headers), body));
  let next = 0;
  let unsent = 0;
  let pending = 0;
  let burst: { done(): void; fail(error: Error): void } | null = null;
  let sockets: Socket[] = [];
  let lastAt = 0;

  function send(socket: Socket): void {
    if (unsent === 0) return;
    unsent -= 1;
    socket.write(requests[next] as Buffer);
    next = (next + 1) % requests.length;
  }

  async function open(): Promise<Socket> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    let received = "";
    socket.on("data", (data) => {
      received += data.toString("latin1");
      const length = lengthOf(received);
      if (length === null || received.length < length) return;
      if (!received.startsWith(`HTTP/1.1 ${status} `) || received.length > length) {
        burst?.fail(new Error(`got ${JSON.stringify(received.slice(0, 400))} instead of ${status}`));
        return;
      }
      received = "";
      pending -= 1;
      if (pending === 0) burst?.done();
      else send(socket);
    });
    socket.on("error", (error) => burst?.fail(error));
    socket.on("close", () => {
      // One of `close` belongs to no burst any more.
      if (sockets.includes(socket)) burst?.fail(new Error("the server has closed a connection"));
    });
    await once(socket, "connect");
    return socket;
  }

  function close(): void {
    burst = null;
    for (const socket of sockets.splice(0)) socket.destroy();
  }

  return {
    async ready() {
      if (Date.now() - lastAt < FRESH_FOR_MS) return;
      close();
      sockets = await Promise.all(Array.from({ length: connections }, open));
    },
    async burst(count) {
      // After a failure, `ready` opens all connections anew.
      lastAt = 0;
      await new Promise<void>((done, fail) => {
        burst = { done, fail };
        unsent = count;
        pending = count;
        for (const socket of sockets) send(socket);
      });
      burst = null;
      lastAt = Date.now();
    },
    close,
  };
}

function encode(port: number, path: string, headers: Readonly<Record<string, string>>, body?: string): Buffer {
  const length =
    body === undefined ? {} : { "content-length": String(body.length), "content-type": "application/json" };
  const fields = Object.entries({ host: `127.0.0.1:${port}`, ...headers, ...length });
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return Buffer.from(`${body === undefined ? "GET" : "POST"} ${path} HTTP/1.1\r\n${lines}\r\n${body ?? ""}`, "latin1");
}

/** Bytes of a whole response, once its head is there. */
function lengthOf(received: string): number | null {
  const head = received.indexOf("\r\n\r\n");
  if (head === -1) return null;
  const length = /\r\ncontent-length: *(\d+)/i.exec(received.slice(0, head))?.[1];
  if (length === undefined) throw new Error(`a response without a length: ${received.slice(0, head)}`);
  return head + 4 + Number(length);
}
