// Calls a server an exact number of times over connections that stay open, and looks at every answer's status. Bursts of a
// few hundred calls, server after server, meet a noisy machine alike, which seconds of load one after the other do not;
// and since no call is cut off, CPU per call is exact. For latencies and throughput there is load.ts.
import { once } from "node:events";
import { connect, type Socket } from "node:net";

export interface Caller {
  /** Opens what the server has closed meanwhile, as workerd does after five idle seconds: not a part of any call. */
  ready(): Promise<void>;
  /** Make this many calls. @throws Error for an answer with another status, or a connection that ends */
  burst(calls: number): Promise<void>;
  close(): void;
}

export interface Calls {
  readonly port: number;
  readonly path: string;
  /** Whole `Authorization` values' tokens, used in turn; `null` is a call without one. */
  readonly tokens: readonly (string | null)[];
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number;
  readonly connections: number;
}

/** Open the connections to a server. */
export function openCaller({ port, path, tokens, headers, status, connections }: Calls): Caller {
  const lines = Object.entries({ host: `127.0.0.1:${port}`, ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const requests = tokens.map((token) => {
    const credential = token === null ? "" : `authorization: Bearer ${token}\r\n`;
    return Buffer.from(`GET ${path} HTTP/1.1\r\n${lines.join("")}${credential}\r\n`, "latin1");
  });
  const expected = `HTTP/1.1 ${status} `;
  let next = 0;
  let unsent = 0;
  let unanswered = 0;
  let settle: { done(): void; fail(error: Error): void } | null = null;

  function send(socket: Socket): void {
    if (unsent === 0) return;
    unsent -= 1;
    socket.write(requests[next] as Buffer);
    next = (next + 1) % requests.length;
  }

  async function open(): Promise<Socket> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    let got = "";
    socket.on("data", (data) => {
      got += data.toString("latin1");
      const length = lengthOf(got);
      if (length === null || got.length < length) return;
      if (!got.startsWith(expected) || got.length > length) {
        settle?.fail(new Error(`answered ${JSON.stringify(got.slice(0, 400))} instead of ${status}`));
        return;
      }
      got = "";
      unanswered -= 1;
      if (unanswered === 0) settle?.done();
      else send(socket);
    });
    socket.on("error", (error) => settle?.fail(error));
    socket.on("close", () => settle?.fail(new Error("the server has closed a connection")));
    await once(socket, "connect");
    return socket;
  }

  let sockets: Socket[] = [];
  let lastAt = 0;

  return {
    async ready() {
      if (Date.now() - lastAt < FRESH_FOR_MS) return;
      settle = null;
      for (const socket of sockets) socket.destroy();
      sockets = await Promise.all(Array.from({ length: connections }, open));
    },
    async burst(calls) {
      await new Promise<void>((done, fail) => {
        settle = { done, fail };
        unsent = calls;
        unanswered = calls;
        for (const socket of sockets) send(socket);
      });
      settle = null;
      lastAt = Date.now();
    },
    close() {
      settle = null;
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Younger than this a connection has not been closed by a server for idling. */
const FRESH_FOR_MS = 3_000;

/** Bytes of a whole answer, once its head is there. */
function lengthOf(got: string): number | null {
  const head = got.indexOf("\r\n\r\n");
  if (head === -1) return null;
  const length = /\r\ncontent-length: *(\d+)/i.exec(got.slice(0, head))?.[1];
  if (length === undefined) throw new Error(`an answer without a length: ${got.slice(0, head)}`);
  return head + 4 + Number(length);
}
