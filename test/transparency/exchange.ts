// One exchange of the table, and what both of its ends see of it: direct, or through the gateway.
import { type Field, readMessage } from "./message.ts";
import { type RawRequest, type Response, sendRequests } from "./raw-client.ts";
import { type Arrival, EXCHANGE_FIELD, type RawUpstream } from "./raw-upstream.ts";
import type { Step } from "./script.ts";

/** One request and its answer. */
export interface Round {
  readonly method: string;
  readonly target: string;
  readonly fields: readonly Field[];
  /** What follows the header section. */
  readonly content: readonly Step[];
  readonly answer: readonly Step[];
}

export interface Exchange {
  /** A plain sentence. */
  readonly title: string;
  /** One after the other, over one connection of the client. */
  readonly rounds: readonly Round[];
}

/** What both ends have seen of one round. */
export interface Observed {
  readonly arrivals: readonly Arrival[];
  readonly response: Response;
}

/** Where an exchange is played: the port that the client connects to, and the upstream behind it. */
export interface Route {
  readonly port: number;
  readonly upstream: RawUpstream;
  readonly token: string;
}

/** A step of an upstream: wait until the request is complete. */
export const requestIsWhole: Step = { until: (seen) => readMessage(seen, "request")?.complete === true };

/** A step of a client: wait until some text of the response has come. */
export const hasSeen = (text: string): Step => ({ until: (seen) => seen.includes(text) });

const names = new WeakMap<Exchange, number>();
let count = 0;

/** The same on both routes, so that both requests have the same bytes. */
function nameOf(exchange: Exchange): number {
  const name = names.get(exchange) ?? ++count;
  names.set(exchange, name);
  return name;
}

/** Play an exchange. @returns what was seen of each round that came about */
export async function play(exchange: Exchange, route: Route): Promise<readonly Observed[]> {
  const rounds = exchange.rounds.map((_, index) => `${nameOf(exchange)}.${index}`);
  exchange.rounds.forEach(({ answer }, index) => {
    route.upstream.script(rounds[index] as string, answer);
  });
  const requests = exchange.rounds.map((round, index) => toRequest(round, rounds[index] as string, route));
  const responses = await sendRequests(route.port, requests);
  return await Promise.all(
    responses.map(async (response, index) => {
      return { arrivals: await route.upstream.arrivals(rounds[index] as string), response };
    }),
  );
}

function toRequest(round: Round, name: string, route: Route): RawRequest {
  const fields: readonly Field[] = [
    ["Host", "api.example"],
    ["Authorization", `Bearer ${route.token}`],
    [EXCHANGE_FIELD, name],
    ...round.fields,
  ];
  const head = [`${round.method} ${round.target} HTTP/1.1`, ...fields.map(([each, value]) => `${each}: ${value}`)];
  return { method: round.method, steps: [`${head.join("\r\n")}\r\n\r\n`, ...round.content] };
}
