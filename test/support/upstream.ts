// A real HTTP server behind the door: counts what reaches it, remembers how it looked, answers as a test tells it to.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A call as it reached the upstream. */
export interface Reached {
  readonly method: string;
  readonly url: string;
  /** Names in lower case; repeated ones joined as Node does. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

export interface TestUpstream {
  readonly url: string;
  readonly reached: Reached[];
  /** Calls whose client went away before they were answered. */
  readonly aborted: () => number;
  /** Answers from now on; without one, 200 and a small JSON body. */
  answer(handler: ((request: IncomingMessage, response: ServerResponse) => void) | null): void;
  reset(): void;
  close(): Promise<void>;
}

/** Start an upstream on a free port of the loopback. */
export async function startUpstream(): Promise<TestUpstream> {
  const reached: Reached[] = [];
  let aborted = 0;
  let handler: ((request: IncomingMessage, response: ServerResponse) => void) | null = null;
  const server = createServer((request, response) => {
    response.on("close", () => {
      if (!response.writableFinished) aborted += 1;
    });
    const note = (body: string) => {
      const { method = "", url = "", headers, rawHeaders } = request;
      reached.push({ method, url, headers, rawHeaders, body });
    };
    if (handler !== null) {
      note("");
      handler(request, response);
      return;
    }
    const parts: Buffer[] = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      note(Buffer.concat(parts).toString("utf8"));
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
