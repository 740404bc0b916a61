// The body of a forwarded request. What is broken off by the client is broken off for the upstream, and no body is complete
// there when its key has ended before.
import type { Denial } from "../../core/access/decision.ts";
import { REAUTHORIZE_EVERY_MS, type Reauthorization, STALE_AFTER_MS, timeBetween } from "./reauthorize.ts";

/** A body of at most this many bytes is read before anything is sent: the upstream gets all of it, or no request. */
const READ_FIRST = 65_536;
/** The last part of a body of at most this many bytes is held back while its key is authorized again. */
const HELD_BACK = 16_777_216;
/** The most that is read of such a body at once. */
const PART = 65_536;

/** Why a body does not reach the upstream in full. */
export type UploadFailure =
  | { readonly failure: "incomplete" | "unreachable"; readonly cause: unknown }
  | { readonly failure: "denied"; readonly denial: Denial; readonly cause: null };

/** @param length `Content-Length`, or `null` */
export function isReadFirst(length: string | null): boolean {
  return length !== null && Number(length) <= READ_FIRST;
}

/** A body that was read before its request is sent. */
export interface CompleteBody {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The identity of whom the request was authorized for again, who may have another role by now; `null`: it was not. */
  readonly identity: string | null;
}

/**
 * Read a short body.
 *
 * @returns the body, once it is complete and the key still allows the request; or why it cannot be sent
 * @throws when the key cannot be authorized again: nothing was sent yet
 */
export async function readFirst(
  request: Request,
  { now, decide, identityOf }: Reauthorization,
): Promise<CompleteBody | UploadFailure> {
  const startedAt = now();
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(await request.arrayBuffer());
  } catch (cause) {
    return { failure: "incomplete", cause };
  }
  if (timeBetween(now(), startedAt) <= STALE_AFTER_MS) return { bytes, identity: null };
  const decision = await decide();
  if (!decision.allow) return { failure: "denied", denial: decision.denial, cause: null };
  return { bytes, identity: await identityOf(decision.principal) };
}

/**
 * Copy a body to the upstream as it comes.
 *
 * @param length its `Content-Length`, or `null`: in chunks
 * @returns `null` when everything was written, or when the upstream takes no more; otherwise why the body must not be completed.
 *   `writable` is left open then: the runtime would end a chunked body as complete. Never rejects.
 */
export function copyBody(
  source: ReadableStream<Uint8Array>,
  writable: WritableStream<Uint8Array>,
  length: string | null,
  reauthorization: Reauthorization,
): Promise<UploadFailure | null> {
  // A body in chunks is complete with its last chunk, which is withheld without looking at the others.
  return length === null || Number(length) > HELD_BACK
    ? pipeBody(source, writable, reauthorization)
    : holdBack(source, writable, Number(length), reauthorization);
}

/** Copy a body of known length part by part; the last one only while the key allows it. */
async function holdBack(
  source: ReadableStream<Uint8Array>,
  writable: WritableStream<Uint8Array>,
  length: number,
  { now, decide }: Reauthorization,
): Promise<UploadFailure | null> {
  const reader = source.getReader({ mode: "byob" });
  const writer = writable.getWriter();
  let left = length;
  let authorizedAt = now();
  for (;;) {
    const part = await reader.read(new Uint8Array(PART)).catch((cause: unknown) => ({ cause }));
    if ("cause" in part) return { failure: "incomplete", cause: part.cause };
    if (part.value !== undefined) left -= part.value.byteLength;
    const age = timeBetween(now(), authorizedAt);
    if (age > REAUTHORIZE_EVERY_MS || (left === 0 && age > STALE_AFTER_MS)) {
      const denied = await authorizeAgain(decide);
      if (denied !== null) return denied;
      authorizedAt = now();
    }
    try {
      if (part.done) return await writer.close().then(() => null);
      await writer.write(part.value);
    } catch {
      // The upstream has gone, or has answered without waiting: its response decides.
      return null;
    }
  }
}

/** Copy a body without looking at its parts, which costs least; it is authorized again every five seconds, and before its end. */
async function pipeBody(
  source: ReadableStream<Uint8Array>,
  writable: WritableStream<Uint8Array>,
  { now, decide }: Reauthorization,
): Promise<UploadFailure | null> {
  const cut = new AbortController();
  let denied: UploadFailure | null = null;
  let authorizedAt = now();
  const check = async () => {
    denied ??= await authorizeAgain(decide);
    authorizedAt = now();
    return denied;
  };
  const timer = setInterval(async () => {
    if ((await check()) !== null) cut.abort();
  }, REAUTHORIZE_EVERY_MS);
  try {
    await source.pipeTo(writable, { preventAbort: true, preventClose: true, signal: cut.signal });
    if (timeBetween(now(), authorizedAt) > STALE_AFTER_MS && (await check()) !== null) return denied;
    await writable.close();
    return null;
  } catch (cause) {
    return denied ?? { failure: "incomplete", cause };
  } finally {
    clearInterval(timer);
  }
}

async function authorizeAgain(decide: Reauthorization["decide"]): Promise<UploadFailure | null> {
  try {
    const decision = await decide();
    return decision.allow ? null : { failure: "denied", denial: decision.denial, cause: null };
  } catch (cause) {
    return { failure: "unreachable", cause };
  }
}
