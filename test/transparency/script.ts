// What one end of a raw connection does, step by step. Client and upstream play the same kind of script.
import type { Socket } from "node:net";

/** Bytes to write (text is Latin-1), a pause, an end of the connection, or an event of the other direction to wait for. */
export type Step =
  | string
  | Uint8Array
  | { readonly pauseMs: number }
  | { readonly end: "fin" | "reset" }
  | { readonly until: (seen: Buffer) => boolean };

/**
 * Play the steps on a socket.
 *
 * @returns whether all of them were played: not when an event did not come, or the connection can take no more bytes
 */
export async function playScript(socket: Socket, steps: readonly Step[], received: Received): Promise<boolean> {
  for (const step of steps) {
    if (socket.destroyed || !socket.writable) return false;
    if (typeof step === "string") socket.write(Buffer.from(step, "latin1"));
    else if (step instanceof Uint8Array) socket.write(step);
    else if ("pauseMs" in step) await new Promise((resume) => setTimeout(resume, step.pauseMs));
    else if ("until" in step) {
      if (!(await received.until(step.until))) return false;
    } else if (step.end === "fin") socket.end();
    else socket.resetAndDestroy();
  }
  return true;
}

/** The bytes that have come over a socket, and the waits for more of them. */
export class Received {
  bytes: Buffer = Buffer.alloc(0);
  /** How the other side has ended the connection; `null` while it is open. */
  ended: "fin" | "reset" | null = null;
  readonly #waiting = new Set<() => void>();

  constructor(socket: Socket) {
    socket.on("data", (part) => {
      this.bytes = Buffer.concat([this.bytes, part]);
      this.#wake();
    });
    socket.on("end", () => this.#end("fin"));
    socket.on("error", () => this.#end("reset"));
    socket.on("close", () => this.#end("reset"));
  }

  /**
   * Wait for bytes that fulfil a condition.
   *
   * @returns whether they have come: not when the other side has ended the connection first, or the time is over
   */
  until(condition: (bytes: Buffer) => boolean, limitMs = 8_000): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (fulfilled: boolean) => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve(fulfilled);
      };
      const check = () => {
        if (condition(this.bytes)) done(true);
        else if (this.ended !== null) done(false);
      };
      const timer = setTimeout(() => done(false), limitMs);
      this.#waiting.add(check);
      check();
    });
  }

  /** Forgets a message that has been read, so that the next one on the connection begins the bytes. */
  drop(length: number): void {
    this.bytes = this.bytes.subarray(length);
  }

  #end(how: "fin" | "reset"): void {
    this.ended ??= how;
    this.#wake();
  }

  #wake(): void {
    for (const check of [...this.#waiting]) check();
  }
}
