// The same exchange direct and through the gateway, on the bare runtime: what differs is on the list of allowed differences.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FORWARD_ALL, startWorkerdGateway, type WorkerdGateway } from "../support/workerd-gateway.ts";
import { forbidden } from "./allowed-differences.ts";
import { compare, type Difference } from "./compare.ts";
import { type Exchange, type Observed, play, type Route } from "./exchange.ts";
import { type RawUpstream, startRawUpstream } from "./raw-upstream.ts";
import { answerExchanges } from "./table/answers.ts";
import { codingExchanges } from "./table/codings.ts";
import { requestExchanges } from "./table/requests.ts";
import { connectionExchanges, streamExchanges } from "./table/streams.ts";

let gateway: WorkerdGateway;
let upstreams: readonly [direct: RawUpstream, through: RawUpstream];
let direct: Route;
let through: Route;
beforeAll(async () => {
  upstreams = [await startRawUpstream(), await startRawUpstream()];
  gateway = await startWorkerdGateway({ vars: { ...FORWARD_ALL, UPSTREAM_URL: upstreams[1].url } });
  const { token } = await gateway.key();
  direct = { port: upstreams[0].port, upstream: upstreams[0], token };
  through = { port: gateway.port, upstream: upstreams[1], token };
});
afterAll(async () => {
  await gateway.close();
  for (const upstream of upstreams) await upstream.close();
});

const TABLE: readonly Exchange[] = [
  ...requestExchanges(),
  ...answerExchanges(),
  ...codingExchanges(),
  ...streamExchanges(),
];

async function expectTransparent(exchange: Exchange): Promise<void> {
  const plain = await play(exchange, direct);
  const passed = await play(exchange, through);
  expect(passed.length).toBeGreaterThanOrEqual(plain.length);
  for (const [index, played] of passed.entries()) {
    expect(played.arrivals.length).toBeLessThanOrEqual(1);
    const [round, before] = [exchange.rounds[index], plain[index]];
    // A connection that the upstream closes is the client's only where there is no gateway.
    const isClosed = before === undefined || (before.arrivals.length === 0 && before.response.final === null);
    if (round === undefined || (isClosed && index > 0)) continue;
    const pair = { round, direct: before as Observed, through: played };
    const differences = forbidden(compare(pair.direct, played), pair).map(inWords);
    expect(differences, differences.join("\n")).toEqual([]);
  }
}

function inWords({ side, what, direct, through }: Difference): string {
  return `${side}: ${what}: ${JSON.stringify(direct)} direct, ${JSON.stringify(through)} through the gateway`;
}

describe("an exchange through the gateway", () => {
  it("has a table of at least 300 cases, each with its own title", () => {
    expect(TABLE.length).toBeGreaterThanOrEqual(300);
    expect(new Set(TABLE.map(({ title }) => title)).size).toBe(TABLE.length);
  });

  it.concurrent.each(TABLE)("$title", expectTransparent);
});

describe("an exchange that ends a connection", () => {
  it.each(connectionExchanges())("$title", expectTransparent);
});
