// Relays TCP between a client and its server: tells on how many connections some requests have come.
import { createConnection, createServer, type Socket } from "node:net";

export interface Relay {
  readonly port: number;
  /** The number of connections on which the text has been seen at the beginning of a request. */
  connections(): number;
  close(): void;
}

/** Starts a relay to a port of the loopback that counts connections with this text. */
export function startRelay(target: number, text: string): Promise<Relay> {
  const [all, seen] = [new Set<Socket>(), new Set<Socket>()];
  const server = createServer((client) => {
    const onward = createConnection(target, "127.0.0.1");
    all.add(client);
    client.on("data", (part) => {
      if (part.includes(text)) seen.add(client);
    });
    client.pipe(onward).pipe(client);
    // One side that is cut off cuts off the other.
    client.on("error", () => onward.resetAndDestroy()).on("close", () => onward.destroy());
    onward.on("error", () => client.resetAndDestroy()).on("close", () => client.destroySoon());
  });
  const close = () => {
    server.close();
    for (const each of all) each.destroy();
  };
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      resolve({ port, connections: () => seen.size, close });
    });
  });
}
