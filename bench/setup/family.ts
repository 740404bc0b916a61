// A process and all that it has started, by the kernel's own books: a gateway may serve from a child of its own.
import { readdirSync, readFileSync } from "node:fs";

/** The process itself first, then its descendants that live now. */
export function familyOf(pid: number): readonly number[] {
  return [pid, ...childrenOf(pid).flatMap(familyOf)];
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" ").filter(Boolean).map(Number),
    );
  } catch {
    // It has ended, or this system keeps no such books.
    return [];
  }
}
