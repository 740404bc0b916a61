// What a process has taken of the processor, from the kernel's own books. Knows nothing of what is measured.
import { readdirSync, readFileSync } from "node:fs";
import { familyOf } from "../setup/family.ts";

/** CPU time of a process with all of its threads so far, in nanoseconds. */
export function cpuNanoseconds(pid: number): number {
  let total = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      total += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
    } catch {
      // The thread has ended between the two reads.
    }
  }
  return total;
}

/** The same of a process with all that it has started, such as nginx, whose workers are processes. */
export function familyCpuNanoseconds(pid: number): number {
  return familyOf(pid).reduce((sum, member) => sum + cpuNanoseconds(member), 0);
}

/** Memory of a process that is in use now, in bytes. */
export function residentBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1] ?? Number.NaN) * 1024;
}
