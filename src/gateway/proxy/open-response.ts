// Responses that stay open: event streams, JSON lines, long downloads. They are cut when their key no longer allows them.
import { REAUTHORIZE_EVERY_MS, type Reauthorization } from "./reauthorize.ts";

/** A stream of a known length, or of none. */
export function passThrough(length: string | null): ReadableWritablePair<Uint8Array, Uint8Array> {
  return length === null ? new IdentityTransformStream() : new FixedLengthStream(Number(length));
}

/**
 * Copy a body for as long as the key allows the request.
 *
 * @param first what has been read of the body already
 * @param through what it is copied into
 * @param status for the log of the end
 * @returns what comes out: broken off when the key has ended, or when the body was
 */
export function endWithKey(
  body: ReadableStream<Uint8Array>,
  first: Uint8Array | null,
  { readable, writable }: ReadableWritablePair<Uint8Array, Uint8Array>,
  status: number,
  reauthorization: Reauthorization,
): ReadableStream<Uint8Array> {
  const cut = new AbortController();
  let timer: ReturnType<typeof setTimeout>;
  let isOver = false;
  const schedule = (delayMs: number) => {
    if (isOver) return;
    timer = setTimeout(async () => {
      if (await reauthorization.isAllowed(status)) schedule(REAUTHORIZE_EVERY_MS);
      else cut.abort(new Error("the key no longer allows this"));
    }, delayMs);
  };
  const stop = () => {
    isOver = true;
    clearTimeout(timer);
  };
  schedule(reauthorization.firstAfterMs);
  // A break reaches the client through the stream itself.
  copyAll(first, body, writable, cut.signal).then(stop, stop);
  return readable;
}

/** Copy what has been read of a body already, and the rest of it. Rejects when either side breaks off. */
export async function copyAll(
  first: Uint8Array | null,
  rest: ReadableStream<Uint8Array>,
  writable: WritableStream<Uint8Array>,
  signal?: AbortSignal,
): Promise<void> {
  if (first !== null) {
    const writer = writable.getWriter();
    await writer.write(first);
    writer.releaseLock();
  }
  await rest.pipeTo(writable, signal === undefined ? {} : { signal });
}
