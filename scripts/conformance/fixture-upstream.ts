// The API behind the gateway while the cases are played: answers each request with the fixture that was prepared for it,
// and records everything it received.
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

interface Sent {
  readonly method: string;
  readonly target: string;
  readonly body: string;
}

export interface Received extends Sent {
  readonly headers: IncomingHttpHeaders;
}

export interface FixtureUpstream {
  readonly url: string;
  /** The response to the next request. */
  prepare(response: { readonly status: number; readonly bytes: Uint8Array }): void;
  /** Everything received since the last time; prepared responses are dropped. */
  takeReceived(): Received[];
  close(): Promise<void>;
}

/** A header of the upstream, which the gateway must not change. */
export const MARK = { name: "x-fixture-upstream", value: "as prepared" };
export const CONTENT_TYPE = "application/json";

export async function startFixtureUpstream(): Promise<FixtureUpstream> {
  const prepared: Parameters<FixtureUpstream["prepare"]>[0][] = [];
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const { method = "", url: target = "", headers } = request;
    received.push({ method, target, headers, body: await text(request) });
    const { status, bytes } = prepared.shift() ?? { status: 599, bytes: new Uint8Array() };
    response.writeHead(status, {
      [MARK.name]: MARK.value,
      ...(bytes.length > 0 ? { "content-type": CONTENT_TYPE } : {}),
    });
    response.end(bytes);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    prepare: (response) => void prepared.push(response),
    takeReceived() {
      prepared.length = 0;
      return received.splice(0);
    },
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** What is wrong with a forwarded request. */
export function forwardingProblems(sent: Sent & { readonly key: string }, received: readonly Received[]): string[] {
  const [seen, ...more] = received;
  if (seen === undefined) return ["the upstream received nothing"];
  const { method, target, body, headers } = seen;
  const isSame = method === sent.method && target === sent.target;
  const leaks = Object.entries(headers).filter(([, value]) => String(value).includes(sent.key));
  return [
    more.length === 0 ? "" : `the upstream received ${received.length} requests for one`,
    isSame ? "" : `the upstream received ${method} ${target}`,
    body === sent.body ? "" : "the upstream received another body",
    headers.authorization === undefined ? "" : "the upstream received an Authorization header",
    headers["gatehouse-identity"] ? "" : "the upstream received no Gatehouse-Identity header",
    ...leaks.map(([name]) => `the upstream received the key itself, in ${name}`),
  ].filter(Boolean);
}
