import type { Secrets } from "./setup/keys.ts";
export async function measurePeers(_: Secrets): Promise<void> {}
