// A client made of bytes: plays a request over one connection, and records exactly what comes back.
import { connect } from "node:net";
import { type Message, readMessage, statusOf } from "./message.ts";
import { playScript, Received, type Step } from "./script.ts";

export interface RawRequest {
  readonly method: string;
  readonly steps: readonly Step[];
}

/** A response as it reached the client. */
export interface Response {
  /** Interim responses before the final one: RFC 9110 section 15.2. */
  readonly interim: readonly Message[];
  /** `null`: the connection ended, or stayed silent, without a final response. */
  readonly final: Message | null;
  /** How the other side has ended the connection by then; `null`: it is open. */
  readonly ended: "fin" | "reset" | null;
}

/**
 * Play requests one after the other over one connection to a port of the loopback.
 *
 * @returns a response for each request, when it is complete, broken off, or silent for too long
 */
export async function sendRequests(port: number, requests: readonly RawRequest[]): Promise<readonly Response[]> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
  const received = new Received(socket);
  await new Promise((resolve) => socket.once("connect", resolve).once("error", resolve));
  const responses: Response[] = [];
  for (const { method, steps } of requests) {
    const played = playScript(socket, steps, received);
    const response = await readResponse(received, method);
    await played;
    responses.push(response);
    if (response.ended !== null) break;
  }
  socket.destroy();
  return responses;
}

async function readResponse(received: Received, method: string): Promise<Response> {
  const interim: Message[] = [];
  for (;;) {
    await received.until((bytes) => readMessage(bytes, { method })?.complete === true);
    const message = readMessage(received.bytes, { method });
    if (message === null || !isInterim(message)) {
      // What closes behind a complete response does so at once.
      if (message?.complete) received.drop(message.length);
      const closed = message?.framing === "close" && received.ended === "fin";
      const final = message === null ? null : { ...message, complete: message.complete || closed };
      return { interim, final, ended: received.ended };
    }
    interim.push(message);
    received.drop(message.length);
  }
}

function isInterim(message: Message): boolean {
  const status = statusOf(message);
  return status >= 100 && status < 200 && status !== 101;
}
