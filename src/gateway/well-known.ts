// The few paths that anybody may read: the public keys, the API's description, rules for secret scanners, and whether the
// door can decide.
import { scannerRules } from "../core/scanners.ts";
import type { Background } from "../store/ports.ts";
import type { Call } from "./call.ts";
import type { Door } from "./door.ts";
import { answerFault, refuse } from "./refuse.ts";

const HOME = "/.well-known/gatehouse/";

/**
 * Answer one of Gatehouse's own public paths.
 *
 * @returns `null` for every other path: exceptions from authorisation are exact matches, never prefixes
 */
export function answerWellKnown(
  call: Call,
  path: string,
  door: Door,
  background: Background,
): Promise<Response> | null {
  const read = path.startsWith(HOME) ? READERS.get(path) : undefined;
  return read === undefined ? null : answer(call, read, door, background);
}

async function answer(call: Call, read: Reader, door: Door, background: Background): Promise<Response> {
  const { received } = call;
  if (received.method !== "GET" && received.method !== "HEAD") {
    call.denial = { reason: "method_not_allowed", allow: ["GET", "HEAD"] };
    return refuse(call.denial, call.requestId);
  }
  return read(door, call, background);
}

type Reader = (door: Door, call: Call, background: Background) => Promise<Response>;

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  // Upstreams keep the keys for a while; a rotation publishes the new one long before it signs.
  [`${HOME}jwks.json`, async (door) => json(door.identity.jwks, "public, max-age=300")],
  [`${HOME}openapi.json`, async (door) => json(await door.openapi(), "no-store")],
  [`${HOME}scanners.json`, async () => json(scannerRules(), "no-store")],
  [`${HOME}health`, health],
]);

/** 200 when a call could be decided now, 503 when not. Asks D1 at most once in five seconds, however often it is called. */
async function health(door: Door, call: Call, background: Background): Promise<Response> {
  try {
    await door.keys.ready(background);
  } catch (error) {
    call.error = error;
    return answerFault("storage_unavailable", "The door cannot decide: storage does not answer.", call.requestId);
  }
  return json({ status: "ok" }, "no-store");
}

function json(body: unknown, cacheControl: string): Response {
  return new Response(JSON.stringify(body), {
    headers: { "content-type": "application/json", "cache-control": cacheControl },
  });
}
