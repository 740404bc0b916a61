// WebSockets: authorized at the handshake, relayed in both directions, and closed when their key is no longer allowed.
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { rawRequest, sendRaw } from "../support/raw.ts";
import { FORWARD_ALL, startWorkerdGateway, type WorkerdGateway } from "../support/workerd-gateway.ts";

/** RFC 6455 section 1.3. */
const ACCEPT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

let upstream: Server;
let gateway: WorkerdGateway;
const handshakes: IncomingMessage[] = [];
const sockets: Socket[] = [];
/** What the upstream has received, unmasked. */
const frames: Buffer[] = [];
beforeAll(async () => {
  upstream = createServer((_, response) => response.writeHead(426).end("no sockets here"));
  upstream.on("upgrade", echo);
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const { port } = upstream.address() as AddressInfo;
  const vars = {
    ...FORWARD_ALL,
    UPSTREAM_URL: `http://127.0.0.1:${port}`,
    ALLOW_WEBSOCKETS: "true",
    UPSTREAM_TIMEOUT_SECONDS: "2",
  };
  gateway = await startWorkerdGateway({ vars });
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  upstream.closeAllConnections();
  await gateway.close();
  await new Promise((resolve) => upstream.close(resolve));
});
afterEach(() => {
  handshakes.length = 0;
  frames.length = 0;
});

/** Accepts every handshake but that of `/rejects`, and echoes each small frame; `/ends/` is followed by a frame to end with. */
function echo(request: IncomingMessage, socket: Socket): void {
  handshakes.push(request);
  sockets.push(socket);
  if (request.url === "/rejects") {
    socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    return;
  }
  const accept = createHash("sha1").update(`${request.headers["sec-websocket-key"]}${ACCEPT}`).digest("base64");
  const wanted = request.headers["sec-websocket-protocol"];
  const protocol = wanted === undefined ? "" : `Sec-WebSocket-Protocol: ${wanted.split(",")[0]}\r\n`;
  const head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
  socket.write(`${head}${protocol}Sec-WebSocket-Accept: ${accept}\r\n\r\n`);
  socket.on("error", () => undefined);
  const [, ending] = /^\/ends\/(\w+)$/.exec(request.url ?? "") ?? [];
  if (ending === "breaking") socket.on("data", () => socket.destroy());
  else if (ending !== undefined) socket.once("data", () => socket.write(Buffer.from(ending, "hex")));
  else socket.on("data", (frame: Buffer) => socket.write(frames[frames.push(unmasked(frame)) - 1] as Buffer));
}

/** Unmasks a client's frame of at most 125 bytes, as a server sends it (RFC 6455 section 5.2). */
function unmasked(frame: Buffer): Buffer {
  const length = (frame[1] ?? 0) & 127;
  const [mask, payload] = [frame.subarray(2, 6), frame.subarray(6, 6 + length)];
  return Buffer.from([frame[0] ?? 0, length, ...payload.map((byte, i) => byte ^ (mask[i % 4] ?? 0))]);
}

interface Ended {
  readonly code: number;
  readonly reason: string;
}

async function open(token: string, path = "/socket", protocols: string[] = []) {
  const headers = { authorization: `Bearer ${token}` };
  const url = `ws://127.0.0.1:${gateway.port}${path}`;
  // Node's WebSocket takes headers; its types are those of browsers and do not declare them.
  const socket = new WebSocket(url, { headers, protocols } as unknown as string[]);
  const ended = new Promise<Ended>((resolve) =>
    socket.addEventListener("close", ({ code, reason }) => resolve({ code, reason })),
  );
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  const ask = (text: string) =>
    new Promise<string>((resolve) => {
      socket.addEventListener("message", ({ data }) => resolve(String(data)), { once: true });
      socket.send(text);
    });
  return { socket, ended, ask };
}

const handshake = (path: string, lines: readonly string[]) =>
  rawRequest(`GET ${path} HTTP/1.1`, [
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
    ...lines,
  ]);

describe("WebSocket", () => {
  it("relays a WebSocket in both directions beyond the handshake timeout", async () => {
    const { token } = await gateway.key();
    const { socket, ask, ended } = await open(token, "/socket?room=1", ["chat", "other"]);
    expect(socket.protocol).toBe("chat");
    expect(await ask("hello")).toBe("hello");
    await new Promise((resume) => setTimeout(resume, 2_500));
    expect(await ask("again")).toBe("again");
    socket.close(1000);
    expect(await ended).toMatchObject({ code: 1000 });
    const [seen] = handshakes;
    expect(seen?.url).toBe("/socket?room=1");
    expect(seen?.headers["gatehouse-identity"]).toMatch(/^eyJ/);
    expect(JSON.stringify(seen?.rawHeaders)).not.toContain(token);
  });

  it.each([
    ["a code and a reason", [4001, "done"], "\u{f}\u{a1}done"],
    ["a code", [1000], "\u{3}\u{e8}"],
    ["no code", [], ""],
  ])("tells the upstream that the client closes with %s", async (_, closing, payload) => {
    const { token } = await gateway.key();
    const { socket, ended, ask } = await open(token);
    await ask("hello");
    socket.close(...(closing as [number, string]));
    await ended;
    // RFC 6455 section 5.5.1.
    const frame = Buffer.concat([Buffer.from([0x88, payload.length]), Buffer.from(payload, "latin1")]);
    expect(frames.map((each) => each.toString("hex"))).toContain(frame.toString("hex"));
  });

  it.each([
    ["closes with a code and a reason", "88060fa26f766572", { code: 4002, reason: "over" }],
    ["closes with a code", "880203e9", { code: 1001, reason: "" }],
    ["closes with no code", "8800", { code: 1005, reason: "" }],
    ["breaks off", "breaking", { code: 1001 }],
  ])("tells the client that the upstream %s", async (_, ending, expected) => {
    const { token } = await gateway.key();
    const { socket, ended } = await open(token, `/ends/${ending}`);
    socket.send("now");
    expect(await ended).toMatchObject(expected);
  });

  it("closes a WebSocket within the bound after its key is revoked and logs the reason", async () => {
    const { token, id } = await gateway.key();
    const { ended, ask } = await open(token);
    expect(await ask("hello")).toBe("hello");
    const db = gateway.env.DB;
    await db.prepare("UPDATE api_keys SET revoked_at = 1, version = version + 1 WHERE id = ?").bind(id).run();
    await db.prepare("INSERT INTO key_changes (key_id, version, at) VALUES (?, 2, 1)").bind(id).run();
    const started = Date.now();
    expect(await ended).toMatchObject({ code: 1008 });
    // The key is checked on the primary every five seconds.
    expect(Date.now() - started).toBeLessThan(10_000);
    expect(await gateway.logs()).toContainEqual(
      expect.objectContaining({ reason: "key_revoked", status: 101, key_id: id }),
    );
  }, 25_000);

  it("authorizes a WebSocket handshake like any other request", async () => {
    const { token } = await gateway.key({ role: "Viewer" });
    expect((await sendRaw(gateway.port, handshake("/socket", []), { quietMs: 500 })).status).toBe(401);
    const lines = [`Authorization: Bearer ${token}`];
    expect((await sendRaw(gateway.port, handshake("/socket", lines), { quietMs: 500 })).status).toBe(403);
    expect(handshakes).toEqual([]);
  });

  it("forwards the upstream's rejection of a handshake", async () => {
    const { token } = await gateway.key();
    const lines = [`Authorization: Bearer ${token}`];
    const response = await sendRaw(gateway.port, handshake("/rejects", lines), { quietMs: 500 });
    expect(response).toMatchObject({ status: 403, body: "no" });
  });

  it.each([
    ["websocket", "POST"],
    ["h2c, websocket", "GET"],
  ])("denies an upgrade to %s with %s", async (protocol, method) => {
    const { token } = await gateway.key();
    const lines = [`Authorization: Bearer ${token}`, `Upgrade: ${protocol}`, "Connection: Upgrade"];
    const response = await sendRaw(gateway.port, rawRequest(`${method} /x HTTP/1.1`, lines), { quietMs: 500 });
    expect([501, 400]).toContain(response.status);
    expect(handshakes).toEqual([]);
  });
});
