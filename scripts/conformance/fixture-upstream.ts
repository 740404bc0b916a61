// The API behind the door while the cases are played: answers each request with the fixture that was laid out for it,
// and remembers everything it received.
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

export interface Received {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface LaidOut {
  readonly status: number;
  readonly bytes: Uint8Array;
}

export interface FixtureUpstream {
  readonly url: string;
  /** What the next request is answered with. */
  layOut(answer: LaidOut): void;
  /** What came in since the last time, and nothing laid out any more. */
  takeReceived(): Received[];
  close(): Promise<void>;
}

/** A header of the upstream's own: it must come through the door as it is. */
export const MARK = { name: "x-fixture-upstream", value: "as laid out" };
export const CONTENT_TYPE = "application/json";

export async function startFixtureUpstream(): Promise<FixtureUpstream> {
  const laidOut: LaidOut[] = [];
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    received.push({
      method: request.method ?? "",
      target: request.url ?? "",
      headers: request.headers,
      body: Buffer.concat(chunks).toString("utf8"),
    });
    const answer = laidOut.shift();
    const type = answer?.bytes.length ? { "content-type": CONTENT_TYPE } : {};
    response.writeHead(answer?.status ?? 599, { [MARK.name]: MARK.value, ...type });
    response.end(answer?.bytes);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    layOut: (answer) => void laidOut.push(answer),
    takeReceived: () => {
      laidOut.length = 0;
      return received.splice(0);
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** What was wrong with the way that one request took through the door. */
export function passageFaults(
  sent: { readonly method: string; readonly target: string; readonly body: string; readonly key: string },
  received: readonly Received[],
): string[] {
  const [seen, ...more] = received;
  if (seen === undefined) return ["the upstream received nothing"];
  const faults: string[] = [];
  if (more.length > 0) faults.push(`the upstream received ${received.length} requests for one`);
  if (`${seen.method} ${seen.target}` !== `${sent.method} ${sent.target}`) {
    faults.push(`the upstream received ${seen.method} ${seen.target}`);
  }
  if (seen.body !== sent.body) faults.push("the upstream received another body");
  if (seen.headers.authorization !== undefined) faults.push("the upstream received an Authorization header");
  if (!seen.headers["gatehouse-identity"]) faults.push("the upstream received no Gatehouse-Identity header");
  const leaks = Object.entries(seen.headers).filter(([, value]) => String(value).includes(sent.key));
  faults.push(...leaks.map(([name]) => `the upstream received the key itself, in ${name}`));
  return faults;
}
