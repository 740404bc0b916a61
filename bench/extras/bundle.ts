// How much code is loaded before the first call.
import type { Result } from "../report/ratios.ts";
import { frontDoorBytes } from "../setup/build.ts";

const MOST_KIB = 25;

export async function measureBundle(): Promise<readonly Result[]> {
  const { minified, gzipped } = await frontDoorBytes();
  const measured = `${(gzipped / 1024).toFixed(1)} KiB (minified ${(minified / 1024).toFixed(1)})`;
  return [
    {
      name: "front door's part of the bundle, gzipped",
      goal: `<= ${MOST_KIB} KiB`,
      measured,
      met: gzipped <= MOST_KIB * 1024,
    },
  ];
}
