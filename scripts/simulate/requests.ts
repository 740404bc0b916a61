// The traffic of a run: reads, changes, bodies that take seconds, and responses that stay open, each judged by what its client
// and the upstream see.
import { type Isolate, SKEW_MS } from "./isolate.ts";
import { ACCOUNT, type Key, PROJECT } from "./keys.ts";
import type { Call, Scene } from "./scene.ts";
import type { Kind } from "./truth.ts";
import type { UnderWay } from "./verdicts.ts";

export const HOST = "https://gateway.example";
export const ACCOUNT_PATH = `/api/public/v1/accounts/${ACCOUNT}`;
const CLUSTERS = `${HOST}${ACCOUNT_PATH}/projects/${PROJECT}/clusters`;
/** In `NETWORK`. */
const ADDRESS = "198.51.100.7";

/** A body that takes longer than this is authorized again: docs/request-flow.md. */
const LONG_MS = 1_000;

export type What = "read" | "change" | "slow change" | "upload" | "watch";

let calls = 0;

export function createCall({ world }: Scene, { clock }: Isolate, key: Key): Call {
  calls += 1;
  const id = `call-${calls}`;
  return {
    ...{ id, key, cameAt: world.now, clock: clock.now() },
    ...{ confirmedAt: null, degraded: false, speculated: false, toldRole: null },
  };
}

export function createRequest(method: string, url: string, key: Key, body: ReadableStream | string | null): Request {
  const headers: Record<string, string> = { authorization: `Bearer ${key.token}`, "cf-connecting-ip": ADDRESS };
  if (typeof body === "string") headers["content-length"] = String(body.length);
  return new Request(url, { method, headers, body, duplex: "half" } as RequestInit);
}

/** Sends a request of a client to an isolate, and judges it. */
export function sendRequest(scene: Scene, isolate: Isolate, key: Key, what: What): void {
  const call = createCall(scene, isolate, key);
  const sent = isolate.send(requestOf(scene, isolate, call, what), call);
  void sent.then((response) => received(scene, isolate, call, what, response));
}

function requestOf(scene: Scene, isolate: Isolate, call: Call, what: What): Request {
  const { key } = call;
  const { random } = scene;
  switch (what) {
    case "read":
      return createRequest("GET", CLUSTERS, key, null);
    case "watch":
      return createRequest("GET", `${CLUSTERS}?watch`, key, null);
    case "change":
      return createRequest("POST", CLUSTERS, key, "{}");
    case "slow change": {
      const body = slowBody(scene, isolate, call, 1, random.between(100, 8_000));
      const request = createRequest("POST", CLUSTERS, key, body);
      request.headers.set("content-length", "1");
      return request;
    }
    case "upload": {
      const parts = Math.ceil(random.between(2, 20));
      const body = slowBody(scene, isolate, call, parts, LONG_MS);
      const request = createRequest("POST", `${CLUSTERS}?upload`, key, body);
      // Of a known length it is copied part by part.
      if (random.happens(0.5)) request.headers.set("content-length", String(parts * PART_BYTES));
      return request;
    }
  }
}

const PART_BYTES = 70_000;

/**
 * A body in parts. A short one that takes long is authorized for the time of its end.
 *
 * @param everyMs between two parts, and before the first
 */
export function slowBody(
  { world }: Scene,
  { clock }: Isolate,
  call: Call,
  parts: number,
  everyMs: number,
): ReadableStream<Uint8Array> {
  let left = parts;
  return new ReadableStream({
    type: "bytes",
    start(controller) {
      const send = () => {
        left -= 1;
        if (left === 0 && parts * everyMs > LONG_MS) Object.assign(call, { cameAt: world.now, clock: clock.now() });
        try {
          controller.enqueue(new Uint8Array(parts === 1 ? 1 : PART_BYTES));
          if (left === 0) controller.close();
          else world.after(everyMs, send);
        } catch {
          // The gateway takes no more of it.
        }
      };
      world.after(everyMs, send);
    },
  });
}

function received(scene: Scene, isolate: Isolate, call: Call, what: What, response: Response): void {
  const { judge } = scene;
  call.toldRole = response.headers.get("role");
  if (call.speculated && response.ok) judge.answered.speculated += 1;
  const kind: Kind = what === "read" || what === "watch" ? "read" : "change";
  const completedAt = response.headers.get("completed-at");
  if (what === "upload" && completedAt !== null) {
    judge.answered.completed += 1;
    judge.checkUnderWay("upload", call.key.id, Number(completedAt), stateOf(isolate, call.cameAt));
  } else judgeCall(scene, isolate, call, kind, response.status);
  if (what === "watch" && response.ok) void watch(scene, isolate, call, response);
}

/** Compares a response with what was true. */
export function judgeCall({ world, judge }: Scene, isolate: Isolate, call: Call, kind: Kind, status: number): void {
  const { clock, link } = isolate;
  judge.check({
    ...{ id: call.key.id, kind, status, toldRole: call.toldRole, cameAt: call.cameAt },
    ...{ clock: call.clock, clockAtEnd: clock.now() },
    ...{ decidedAt: call.confirmedAt ?? world.now, degraded: call.degraded, troubleAt: link.troubleAt },
    isClockWrong: Math.abs(clock.skewMs) > SKEW_MS,
  });
}

function stateOf({ clock: { skewMs }, link: { steppedAt, troubleAt } }: Isolate, openedAt: number): UnderWay {
  return { openedAt, skewMs, steppedAt, troubleAt };
}

/** Reads an open response to its end. */
async function watch({ world, judge }: Scene, isolate: Isolate, { key }: Call, { body }: Response): Promise<void> {
  const reader = (body as ReadableStream).getReader();
  const openedAt = world.now;
  try {
    while (!(await reader.read()).done) {
      judge.checkUnderWay("open", key.id, world.now, stateOf(isolate, openedAt));
    }
  } catch {
    judge.answered.cut += 1;
  }
}
