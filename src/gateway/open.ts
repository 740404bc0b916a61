// What anybody may read. Loaded with the first call to a path that Gatehouse keeps for itself.
import type { Background } from "../store/ports.ts";
import type { Call } from "./call.ts";
import { answerConsole } from "./console.ts";
import type { Door } from "./door.ts";
import { answerWellKnown } from "./well-known.ts";

/** @returns `null` for a path that is nobody's to read without a key */
export function answerOpen(call: Call, path: string, door: Door, background: Background): Promise<Response> | null {
  return answerWellKnown(call, path, door, background) ?? answerConsole(call, path, door);
}
