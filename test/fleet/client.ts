// Requests of clients and operators to the gateways of a fleet.
import { Agent, request as httpRequest } from "node:http";
import { text } from "node:stream/consumers";

export interface Answer {
  /** 0: there was no response. */
  readonly status: number;
  readonly text: string;
}

/** The address of every client: from a network that allow lists name. */
export const ADDRESS = "192.0.2.7";

const WITHIN_MS = 20_000;

const agent = new Agent({ keepAlive: true, maxSockets: 100 });

/** Sends a request. Never rejects. */
export function send(port: number, token: string, method: string, path: string, body?: object): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const given = body === undefined ? "" : JSON.stringify(body);
  const type = body === undefined ? {} : { "content-type": "application/json" };
  const headers = { authorization: `Bearer ${token}`, "cf-connecting-ip": ADDRESS, ...type };
  const sent = { ...headers, ...(method === "GET" ? {} : { "content-length": Buffer.byteLength(given) }) };
  const options = { host: "127.0.0.1", port, agent, method, path, headers: sent, timeout: WITHIN_MS };
  const failed = (error: Error) => resolve({ status: 0, text: error.message });
  const request = httpRequest(options, (response) => {
    text(response).then((body) => resolve({ status: response.statusCode ?? 0, text: body }), failed);
  });
  request.on("timeout", () => request.destroy(new Error("no response in time")));
  request.on("error", failed);
  request.end(given);
  return promise;
}
