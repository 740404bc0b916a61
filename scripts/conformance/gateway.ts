// Starts Gatehouse as it is in this working tree, in front of an upstream, with one account and two keys.
import { mkdirSync } from "node:fs";
import { type Database, seedAccount, seedKey } from "../../test/support/seed.ts";
import { newIdentityKeys, newKeyRing, parseKeyRing } from "../secrets.ts";
import { QUIET, ROOT } from "../wrangler.ts";

/** The gateway that the cases are played against. */
export interface Gateway {
  readonly url: string;
  readonly adminKey: string;
  readonly expiredKey: string;
}

/** @param accountId the account that the fixtures have in paths and bodies */
export async function startGatehouse(
  upstreamUrl: string,
  accountId: string,
): Promise<Gateway & { close(): Promise<void> }> {
  // wrangler reads these while it loads.
  Object.assign(process.env, { ...QUIET, ...process.env });
  // wrangler.toml names the console's folder; a conformance run needs no console.
  mkdirSync(`${ROOT}dist/assets`, { recursive: true });
  const { createTestHarness } = await import("wrangler");
  const secrets = { KEY_RING: newKeyRing(new Date()), IDENTITY_KEYS: await newIdentityKeys() };
  const vars = { UPSTREAM_URL: upstreamUrl, DEFAULT_KEY_ROLE: "Admin" };
  const server = createTestHarness({ root: ROOT, workers: [{ configPath: "./wrangler.toml", vars, secrets }] });
  try {
    const { url } = await server.listen();
    const worker = server.getWorker("gatehouse");
    await worker.applyD1Migrations("DB");
    const db = (await worker.getEnv()).DB as Database;
    const ring = parseKeyRing(secrets.KEY_RING);
    await seedAccount(db, accountId);
    const admin = await seedKey(db, ring, { accountId, name: "conformance" });
    const expiresAt = Date.now() - 3_600_000;
    const expired = await seedKey(db, ring, { accountId, name: "conformance-expired", expiresAt });
    return { url: url.href, adminKey: admin.token, expiredKey: expired.token, close: () => server.close() };
  } catch (error) {
    await server.close();
    throw error;
  }
}
