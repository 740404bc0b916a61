// A real server behind the gateway with the table of its document, for tests.
import type { TestContext } from "vitest";
import type { SeededKey } from "../support/seed.ts";
import { type ImportedGateway, startImported } from "./imported.ts";
import { type RunningServer, SERVERS, startServer } from "./servers.ts";

/** A server of servers.ts behind the gateway, with keys of two roles. */
export class Behind {
  #server: RunningServer | null = null;
  #leftOut = "";
  gateway!: ImportedGateway;
  admin!: SeededKey;
  viewer!: SeededKey;

  async start(name: string): Promise<void> {
    const { document, authorization, prepare } = SERVERS.find((each) => each.name === name) ?? {};
    if (document === undefined || prepare === undefined) throw new Error(`no server ${name} with a document`);
    let command: ReturnType<typeof prepare>["command"];
    try {
      command = prepare().command;
    } catch (error) {
      this.#leftOut = `left out: ${(error as Error).message}`;
      return;
    }
    this.#server = await startServer(command);
    this.gateway = await startImported(document, {
      UPSTREAM_URL: `http://127.0.0.1:${this.#server.port}`,
      ...(authorization === undefined ? {} : { UPSTREAM_AUTHORIZATION: authorization }),
    });
    [this.admin, this.viewer] = await Promise.all([this.gateway.key(), this.gateway.key({ role: "Viewer" })]);
  }

  /** Skips a test where the server is not installed. */
  required({ skip }: TestContext): void {
    if (this.#leftOut !== "") skip(this.#leftOut);
  }

  async close(): Promise<void> {
    await this.gateway?.close();
    await this.#server?.close();
  }

  /** Sends JSON with a key. */
  send({ token }: SeededKey, method: string, path: string, body?: unknown): Promise<Response> {
    const init =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
    return this.gateway.call(token, path, { method, ...init });
  }
}

/** The code of a denial. */
export async function codeOf(response: Response): Promise<unknown> {
  return ((await response.json()) as { error?: { code?: string } }).error?.code;
}

/** The lines of a body, as they arrive. `next` throws at its end, and when it is broken off. */
export function linesOf(response: Response): { next(): Promise<string> } {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let rest = "";
  return {
    async next() {
      while (!rest.includes("\n")) {
        const { done, value } = await reader.read();
        if (done) throw new Error("the body has ended");
        rest += decoder.decode(value, { stream: true });
      }
      const line = rest.slice(0, rest.indexOf("\n"));
      rest = rest.slice(line.length + 1);
      return line;
    },
  };
}
