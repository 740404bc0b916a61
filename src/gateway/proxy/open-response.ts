// Responses that stay open: event streams, JSON lines, long downloads. They are cut when their key no longer allows them.
import { REAUTHORIZE_EVERY_MS, type Reauthorization } from "./reauthorize.ts";

/** A response of at most this many bytes is not worth a stream and a timer of its own. */
const SMALL = 1_048_576;

/**
 * Whether a response may stay open for long.
 *
 * @param length its `Content-Length`, or `null`: its end is not known
 */
export function mayStayOpen(length: string | null): boolean {
  return length === null || Number(length) > SMALL;
}

/**
 * The same body, for as long as the key allows the request.
 *
 * @param length its `Content-Length`, or `null`
 * @param status for the log of the end
 */
export function endWithKey(
  body: ReadableStream<Uint8Array>,
  length: string | null,
  status: number,
  reauthorization: Reauthorization,
): ReadableStream<Uint8Array> {
  const { readable, writable } =
    length === null ? new IdentityTransformStream() : new FixedLengthStream(Number(length));
  const cut = new AbortController();
  let timer: ReturnType<typeof setTimeout>;
  const schedule = () => {
    timer = setTimeout(async () => {
      if (await reauthorization.isAllowed(status)) schedule();
      else cut.abort(new Error("the key no longer allows this"));
    }, REAUTHORIZE_EVERY_MS);
  };
  schedule();
  const stop = () => clearTimeout(timer);
  // A break reaches the client through the stream itself.
  body.pipeTo(writable, { signal: cut.signal }).then(stop, stop);
  return readable;
}
