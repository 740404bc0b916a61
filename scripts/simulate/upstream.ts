// The API behind the gateways: answers, streams, and takes long bodies. Its response says which role it was told, and when a body
// was complete.
import type { Upstream } from "../../src/gateway/gateway.ts";
import type { Scene } from "./scene.ts";

export type Fetch = Upstream["fetch"];

const PART_EVERY_MS = 1_000;

/** The upstream as one isolate calls it. */
export function createUpstream({ world, random }: Pick<Scene, "world" | "random">): Fetch {
  const answerAfter = (respond: () => Response, init: RequestInit) =>
    new Promise<Response>((resolve, reject) => {
      init.signal?.addEventListener("abort", () => reject(new Error("canceled")));
      world.after(random.between(1, 80), () => resolve(respond()));
    });

  return async (url, init) => {
    const role = new Headers(init.headers).get("gatehouse-identity") ?? "";
    const headers: Record<string, string> = { role };
    if (url.endsWith("?watch")) return answerAfter(() => new Response(stream(), { headers }), init);
    if (init.body instanceof ReadableStream) await readAll(init.body, init.signal);
    const short = { ...headers, "content-length": "2", "completed-at": String(world.now) };
    return answerAfter(() => new Response("{}", { headers: short }), init);
  };

  /** A part every second, for a while. */
  function stream(): ReadableStream {
    const end = world.now + random.between(5_000, 60_000);
    let isCanceled = false;
    return new ReadableStream({
      cancel() {
        isCanceled = true;
      },
      pull(controller) {
        return new Promise<void>((resolve) => {
          world.after(PART_EVERY_MS, () => {
            if (isCanceled) return resolve();
            controller.enqueue(new Uint8Array(1));
            if (world.now > end) controller.close();
            resolve();
          });
        });
      },
    });
  }
}

async function readAll(body: ReadableStream, signal: AbortSignal | null | undefined): Promise<void> {
  const reader = body.getReader();
  const ended = new Promise<never>((_, reject) => {
    signal?.addEventListener("abort", () => reject(new Error("canceled")));
  });
  ended.catch(() => undefined);
  for (;;) if ((await Promise.race([reader.read(), ended])).done) return;
}
