// An API made of bytes: it records exactly what reaches it, and plays the answer that the exchange's script says.
import { type AddressInfo, createServer, type Socket } from "node:net";
import { fieldValue, type Message, readMessage } from "./message.ts";
import { playScript, Received, type Step } from "./script.ts";

/** The field by which a request names its exchange. */
export const EXCHANGE_FIELD = "X-Exchange";

/** A request as it reached the upstream. */
export interface Arrival {
  readonly message: Message;
  /** How the connection ended before the request was complete; `null`: the request is complete, or nothing has ended. */
  readonly brokenOff: "fin" | "reset" | null;
  /** Whether the other side has ended the connection before the answer's script was over. */
  readonly abandoned: boolean;
}

export interface RawUpstream {
  readonly url: string;
  readonly port: number;
  /** Sets the answer to every request of an exchange. */
  script(exchange: string, steps: readonly Step[]): void;
  /** What has reached it of an exchange, when the last request of it and its answer are over. */
  arrivals(exchange: string): Promise<readonly Arrival[]>;
  close(): Promise<void>;
}

/** The answer to a request of no exchange. */
const UNKNOWN: readonly Step[] = ["HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"];

/** Start a raw upstream on a free port of the loopback. */
export async function startRawUpstream(): Promise<RawUpstream> {
  const scripts = new Map<string, readonly Step[]>();
  const arrivals = new Map<string, Promise<Arrival>[]>();
  const sockets = new Set<Socket>();

  async function serve(socket: Socket): Promise<void> {
    const received = new Received(socket);
    for (;;) {
      await received.until((bytes) => readMessage(bytes, "request") !== null, 120_000);
      const head = readMessage(received.bytes, "request");
      if (head === null) return void socket.destroy();
      const exchange = fieldValue(head.fields, EXCHANGE_FIELD.toLowerCase()) ?? "";
      const answer = playScript(socket, scripts.get(exchange) ?? UNKNOWN, received);
      const arrival = untilOver(received, answer);
      arrivals.set(exchange, [...(arrivals.get(exchange) ?? []), arrival]);
      const { message } = await arrival;
      if (!message.complete || received.ended !== null || !socket.writable) return void socket.end();
      received.drop(message.length);
    }
  }

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    void serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    script: (exchange, steps) => void scripts.set(exchange, steps),
    arrivals: async (exchange) => await Promise.all(arrivals.get(exchange) ?? []),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function untilOver(received: Received, answer: Promise<boolean>): Promise<Arrival> {
  await received.until((bytes) => readMessage(bytes, "request")?.complete === true);
  const played = await answer;
  const message = readMessage(received.bytes, "request") as Message;
  return {
    message,
    brokenOff: message.complete ? null : received.ended,
    abandoned: !played && received.ended !== null,
  };
}
