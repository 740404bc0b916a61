// A real HTTP server as the upstream: records every request, and answers as a test tells it to.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as the upstream received it. */
export interface ReceivedRequest {
  readonly method: string;
  readonly url: string;
  /** Names in lower case; repeated headers are joined as Node does. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

export interface TestUpstream {
  readonly url: string;
  readonly reached: ReceivedRequest[];
  /** The number of requests whose connection closed before the response ended. */
  readonly aborted: () => number;
  /** Sets the handler of further requests; `null` restores the default, 200 with a small JSON body. */
  answer(handler: ((request: IncomingMessage, response: ServerResponse) => void) | null): void;
  reset(): void;
  close(): Promise<void>;
}

/** Starts an upstream on a free port of the loopback. */
export async function startUpstream(): Promise<TestUpstream> {
  const reached: ReceivedRequest[] = [];
  let aborted = 0;
  let handler: ((request: IncomingMessage, response: ServerResponse) => void) | null = null;
  const server = createServer((request, response) => {
    response.on("close", () => {
      if (!response.writableFinished) aborted += 1;
    });
    const record = (body: string) => {
      const { method = "", url = "", headers, rawHeaders } = request;
      reached.push({ method, url, headers, rawHeaders, body });
    };
    if (handler !== null) {
      record("");
      handler(request, response);
      return;
    }
    const parts: Buffer[] = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      record(Buffer.concat(parts).toString("utf8"));
      response.writeHead(200, { "content-type": "application/json" });
      response.end('{"data":{"from":"upstream"}}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    reached,
    aborted: () => aborted,
    answer(next) {
      handler = next;
    },
    reset() {
      reached.length = 0;
      aborted = 0;
      handler = null;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
