// Bodies are streamed in both directions and never buffered.
import { readdirSync, readFileSync } from "node:fs";
import { type IncomingMessage, request as send } from "node:http";
import { Readable } from "node:stream";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { FORWARD_ALL, startWorkerdGateway, type WorkerdGateway } from "../support/workerd-gateway.ts";

const MB = 1024 * 1024;
const LENGTH = 200 * MB;
/** Far less than one body, with room for the runtime's buffers and a late garbage collection. */
const ALLOWED_GROWTH = 90 * MB;

let gateway: WorkerdGateway;
let token: string;
beforeAll(async () => {
  gateway = await startWorkerdGateway({ vars: { ...FORWARD_ALL, UPSTREAM_TIMEOUT_SECONDS: "1" } });
  token = (await gateway.key()).token;
  await gateway.call(token, "/warm-up");
});
afterAll(() => gateway.close());
beforeEach(() => gateway.upstream.reset());

describe("large body", () => {
  it("streams 200 MB in both directions without buffering", async () => {
    let received = 0;
    gateway.upstream.answer((request, response) => {
      request.on("data", (part) => {
        received += part.length;
      });
      request.on("end", () => bytes(LENGTH).pipe(response));
    });
    const memory = watchMemory();
    const response = await upload(bytes(LENGTH));
    let returned = 0;
    for await (const part of response) returned += part.length;
    expect({ received, returned }).toEqual({ received: LENGTH, returned: LENGTH });
    expect(memory.growth()).toBeLessThan(ALLOWED_GROWTH);
  });
});

describe("stream", () => {
  it("streams a response part by part as the upstream writes it", async () => {
    let next: (() => void) | null = null;
    gateway.upstream.answer((_, response) => {
      response.write("first");
      next = () => response.end("second");
    });
    const response = await download("/events");
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("first");
    (next as (() => void) | null)?.();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("second");
  });

  it("streams a response for longer than the upstream timeout", async () => {
    gateway.upstream.answer((_, response) => {
      response.write("a");
      setTimeout(() => response.end("b"), 1_500);
    });
    expect(await (await download("/slow")).text()).toBe("ab");
  });

  it("streams a request body for longer than the upstream timeout", async () => {
    async function* slowly() {
      for (let i = 0; i < 4; i++) {
        yield Buffer.from("part");
        await new Promise((resume) => setTimeout(resume, 400));
      }
    }
    const response = await upload(Readable.from(slowly()));
    expect(response.statusCode).toBe(200);
    expect(gateway.upstream.reached[0]?.body).toBe("partpartpartpart");
  });

  it("aborts the upstream request when the client disconnects", async () => {
    gateway.upstream.answer((_, response) => {
      const timer = setInterval(() => response.write("more"), 20);
      response.on("close", () => clearInterval(timer));
    });
    const controller = new AbortController();
    const response = await download("/events", controller.signal);
    await (response.body as ReadableStream).getReader().read();
    controller.abort();
    await expect.poll(() => gateway.upstream.aborted(), { timeout: 5_000 }).toBe(1);
  });
});

/** Sends to the direct socket: Miniflare's proxy would merge small chunks. */
function download(path: string, signal: AbortSignal | null = null): Promise<Response> {
  return fetch(`http://127.0.0.1:${gateway.port}${path}`, { headers: { authorization: `Bearer ${token}` }, signal });
}

function upload(body: Readable): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, host: "gatehouse.test" };
    const call = send({ port: gateway.port, host: "127.0.0.1", method: "POST", path: "/up", headers }, resolve);
    call.on("error", reject);
    body.pipe(call);
  });
}

function bytes(length: number): Readable {
  const part = Buffer.alloc(256 * 1024, "x");
  let left = length;
  return new Readable({
    read() {
      const size = Math.min(left, part.length);
      left -= size;
      this.push(size === 0 ? null : part.subarray(0, size));
    },
  });
}

/** Samples the runtime's memory. `growth()` stops and returns the peak above the start, in bytes. */
function watchMemory() {
  const start = residentBytes();
  let peak = start;
  const timer = setInterval(() => {
    peak = Math.max(peak, residentBytes());
  }, 50);
  return {
    growth() {
      clearInterval(timer);
      return peak - start;
    },
  };
}

function residentBytes(): number {
  let sum = 0;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const [, name, , parent] = /\((.*)\) (\S) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
      if (name !== "workerd" || Number(parent) !== process.pid) continue;
      sum += Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;
    } catch {
      // The process ended after it was listed.
    }
  }
  if (sum === 0) throw new Error("the runtime's process was not found");
  return sum;
}
