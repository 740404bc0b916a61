// Where a run keeps what it builds: not committed, safe to delete.
import { fileURLToPath } from "node:url";

export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));
export const WORK: string = fileURLToPath(new URL("../../dist/bench/", import.meta.url));
export const RESULTS: string = fileURLToPath(new URL("../results/", import.meta.url));
export const WORKERS: string = fileURLToPath(new URL("../workers/", import.meta.url));
