// Bodies pass the door without being held: what goes in comes out, however long it is, and nothing of it stays.
import { readdirSync, readFileSync } from "node:fs";
import { type IncomingMessage, request as send } from "node:http";
import { Readable } from "node:stream";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Bare, startBare } from "../support/bare.ts";

const MB = 1024 * 1024;
const LENGTH = 200 * MB;
/** Far less than one body; the runtime's own buffers and its collector's leisure are in it. */
const ALLOWED_GROWTH = 90 * MB;

let bare: Bare;
let token: string;
beforeAll(async () => {
  bare = await startBare({ vars: { UPSTREAM_TIMEOUT_SECONDS: "1" } });
  token = (await bare.key()).token;
  await bare.call(token, "/warm-up");
});
afterAll(() => bare.close());
beforeEach(() => bare.upstream.reset());

describe("large body", () => {
  it("streams 200 MB in both directions without buffering", async () => {
    let received = 0;
    bare.upstream.answer((request, response) => {
      request.on("data", (part) => {
        received += part.length;
      });
      request.on("end", () => bytes(LENGTH).pipe(response));
    });
    const memory = watchMemory();
    const answer = await upload(bytes(LENGTH));
    let returned = 0;
    for await (const part of answer) returned += part.length;
    expect({ received, returned }).toEqual({ received: LENGTH, returned: LENGTH });
    expect(memory.growth()).toBeLessThan(ALLOWED_GROWTH);
  });
});

describe("stream", () => {
  it("streams a response part by part as the upstream writes it", async () => {
    let next: (() => void) | null = null;
    bare.upstream.answer((_, response) => {
      response.write("first");
      next = () => response.end("second");
    });
    const answer = await download("/events");
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("first");
    (next as (() => void) | null)?.();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("second");
  });

  it("streams a response for longer than the upstream timeout", async () => {
    bare.upstream.answer((_, response) => {
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
    const answer = await upload(Readable.from(slowly()));
    expect(answer.statusCode).toBe(200);
    expect(bare.upstream.reached[0]?.body).toBe("partpartpartpart");
  });

  it("aborts the upstream request when the client disconnects", async () => {
    bare.upstream.answer((_, response) => {
      const timer = setInterval(() => response.write("more"), 20);
      response.on("close", () => clearInterval(timer));
    });
    const controller = new AbortController();
    const answer = await download("/events", controller.signal);
    await (answer.body as ReadableStream).getReader().read();
    controller.abort();
    await expect.poll(() => bare.upstream.aborted(), { timeout: 5_000 }).toBe(1);
  });
});

/** Straight to the Worker: Cloudflare's stand-in would gather small parts. */
function download(path: string, signal: AbortSignal | null = null): Promise<Response> {
  return fetch(`http://127.0.0.1:${bare.port}${path}`, { headers: { authorization: `Bearer ${token}` }, signal });
}

function upload(body: Readable): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, host: "gatehouse.test" };
    const call = send({ port: bare.port, host: "127.0.0.1", method: "POST", path: "/up", headers }, resolve);
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

/** The most that the runtime holds, beyond what it held at first. */
function watchMemory() {
  const start = residentBytes();
  let most = start;
  const timer = setInterval(() => {
    most = Math.max(most, residentBytes());
  }, 50);
  return {
    growth() {
      clearInterval(timer);
      return most - start;
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
      // Gone since it was listed.
    }
  }
  if (sum === 0) throw new Error("the runtime's process was not found");
  return sum;
}
