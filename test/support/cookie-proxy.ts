// An access proxy as a browser meets it: a reverse proxy that adds the user's assertion to every request, whatever page has sent
// it, as Cloudflare Access does for its cookie. Records what it has answered.
import http from "node:http";
import type { AddressInfo } from "node:net";

/** One request of the browser, and its answer. */
export interface Answered {
  readonly host: string;
  readonly method: string;
  readonly path: string;
  /** `Sec-Fetch-Site`. */
  readonly site: string;
  readonly status: number;
}

export interface CookieProxy {
  readonly port: number;
  readonly answered: readonly Answered[];
  /**
   * Starts to pass requests on.
   *
   * @param port of Gatehouse on the loopback
   * @param added the headers that the proxy adds to a request for a path
   */
  open(port: number, added: (path: string) => Readonly<Record<string, string>>): void;
  close(): Promise<void>;
}

/** Starts a proxy on a free port, which is known before Gatehouse starts. */
export async function startCookieProxy(): Promise<CookieProxy> {
  const answered: Answered[] = [];
  let target: { readonly port: number; readonly added: (path: string) => Readonly<Record<string, string>> } | null =
    null;
  const server = http.createServer((request, response) => {
    if (target === null) return void response.writeHead(503).end();
    const { method = "", url: path = "", headers } = request;
    const added = target.added(path);
    const options = { host: "127.0.0.1", port: target.port, method, path, headers: { ...headers, ...added } };
    const forwarded = http.request(options, (answer) => {
      const status = answer.statusCode ?? 0;
      const site = String(headers["sec-fetch-site"] ?? "");
      answered.push({ host: headers.host ?? "", method, path, site, status });
      response.writeHead(status, answer.headers);
      answer.pipe(response);
    });
    forwarded.on("error", () => response.destroy());
    request.pipe(forwarded);
  });
  await new Promise<void>((done) => server.listen(0, done));
  return {
    port: (server.address() as AddressInfo).port,
    answered,
    open(port, added) {
      target = { port, added };
    },
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
