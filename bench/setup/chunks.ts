// Bodies of a given size.
const CHUNK = Buffer.alloc(256 * 1024, "x");

/** A body of so many bytes, in chunks. */
export function* chunksOf(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= CHUNK.length) yield left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK;
}
