// The few words that the table of exchanges is written in.
import { type Exchange, type Round, requestIsWhole } from "../exchange.ts";
import type { Field } from "../message.ts";
import type { Step } from "../script.ts";

/** An upstream's answer as bytes, sent when the request is complete. `fields` are lines. */
export function answer(status: string, fields: readonly string[] = [], body: string | Uint8Array = ""): Step[] {
  return [requestIsWhole, ...bytesOf(status, fields, body)];
}

/** The same answer, sent as soon as the header section of the request has come. */
export function earlyAnswer(status: string, fields: readonly string[] = [], body = ""): Step[] {
  return bytesOf(status, fields, body);
}

function bytesOf(status: string, fields: readonly string[], body: string | Uint8Array): Step[] {
  const head = `${[`HTTP/1.1 ${status}`, ...fields].join("\r\n")}\r\n\r\n`;
  const content = typeof body === "string" ? Buffer.from(body, "latin1") : body;
  return [Buffer.concat([Buffer.from(head, "latin1"), content])];
}

/** An answer of known length. */
export function sizedAnswer(status: string, fields: readonly string[], body: string | Uint8Array): Step[] {
  return answer(status, [...fields, `Content-Length: ${body.length}`], body);
}

export const OK = answer("200 OK", ["Content-Length: 2"], "ok");

/** One chunk of chunked framing. */
export function chunk(data: string | Uint8Array): Buffer {
  const bytes = typeof data === "string" ? Buffer.from(data, "latin1") : data;
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
}

export const LAST_CHUNK = "0\r\n\r\n";

export interface Parts {
  readonly target?: string;
  readonly fields?: readonly Field[];
  readonly content?: readonly Step[];
  readonly answer?: readonly Step[];
}

export function round(method: string, parts: Parts = {}): Round {
  const { target = "/x", fields = [], content = [], answer: steps = OK } = parts;
  return { method, target, fields, content, answer: steps };
}

/** An exchange of one round. */
export function exchange(title: string, method: string, parts: Parts = {}): Exchange {
  return { title, rounds: [round(method, parts)] };
}
