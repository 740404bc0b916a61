// What is measured once or a few times, beside the steady state: start-up, size, memory, cold keys, bodies, latency.

import { measureBodies } from "./extras/bodies.ts";
import { measureBundle } from "./extras/bundle.ts";
import { measureCold } from "./extras/cold.ts";
import { measureLatency } from "./extras/latency.ts";
import { measureMemory } from "./extras/memory.ts";
import { measureStartUp } from "./extras/start-up.ts";
import type { Result } from "./report/ratios.ts";
import type { Secrets } from "./setup/keys.ts";

const MEASURES = {
  latency: measureLatency,
  bodies: measureBodies,
  cold: measureCold,
  memory: measureMemory,
  "start-up": measureStartUp,
  bundle: measureBundle,
} as const;

/** All extra measurements, or those named. */
export async function measureExtras(secrets: Secrets, only: readonly string[]): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const [name, measure] of Object.entries(MEASURES)) {
    if (only.length === 0 || only.includes(name)) results.push(...(await measure(secrets)));
  }
  return results;
}
