// The API behind the gateway while the cases are played: responds with fixtures. And what the gateway must not change between it
// and the client.
import type { IncomingHttpHeaders } from "node:http";
import { text } from "node:stream/consumers";
import type { TestUpstream } from "../../test/support/upstream.ts";
import type { RawResponse } from "./client.ts";

interface Sent {
  readonly method: string;
  readonly target: string;
  readonly body: string;
}

export interface Received extends Sent {
  readonly headers: IncomingHttpHeaders;
}

/** A header of the upstream, which the gateway must not change. */
const MARK = { name: "x-fixture-upstream", value: "as prepared" };
const CONTENT_TYPE = "application/json";

/** Makes the upstream respond with a fixture. @returns what it receives from now on */
export function respondWith(upstream: TestUpstream, status: number, fixture: Uint8Array): readonly Received[] {
  const received: Received[] = [];
  upstream.answer(async (request, response) => {
    const { method = "", url: target = "", headers } = request;
    received.push({ method, target, headers, body: await text(request) });
    response.setHeader(MARK.name, MARK.value);
    if (fixture.length > 0) response.setHeader("content-type", CONTENT_TYPE);
    response.writeHead(status).end(fixture);
  });
  return received;
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

/** The changes of the gateway to a response of the upstream. */
export function responseChanges(
  response: RawResponse,
  headers: Headers,
  status: number,
  fixture: Uint8Array,
): string[] {
  return [
    response.status === status ? "" : `status ${response.status}, the upstream sent ${status}`,
    Buffer.compare(response.bytes, fixture) === 0 ? "" : "the body is not the upstream's, byte for byte",
    headers.get(MARK.name) === MARK.value ? "" : `the upstream's header ${MARK.name} is gone`,
    fixture.length === 0 || response.contentType === CONTENT_TYPE ? "" : `Content-Type ${response.contentType}`,
  ].filter(Boolean);
}
