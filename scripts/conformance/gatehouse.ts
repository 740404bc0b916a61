// Starts Gatehouse as it is in this working tree, in front of an upstream, with one account and two keys.

import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { exportJWK, generateKeyPair } from "jose";
import { readKeyRing } from "../../src/core/token/api-key-token.ts";
import { type Database, seedAccount, seedKey } from "../../test/support/seed.ts";

/** A door that the cases can be played against. */
export interface Door {
  readonly url: string;
  readonly adminKey: string;
  /** A key whose time has passed; `null` when there is none to try. */
  readonly expiredKey: string | null;
}

export interface Gatehouse extends Door {
  readonly accountId: string;
  close(): Promise<void>;
}

/** What the door is started with: the account's id is the one that the fixtures carry in paths and bodies. */
export interface Start {
  readonly upstreamUrl: string;
  readonly accountId: string;
}

/** The two secrets of a Worker that has just been set up. */
export async function newSecrets(): Promise<{ KEY_RING: string; IDENTITY_KEYS: string }> {
  const { privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  const identity = { ...(await exportJWK(privateKey)), kid: "conformance", alg: "EdDSA" };
  return {
    KEY_RING: JSON.stringify({ k1: randomBytes(32).toString("base64url") }),
    IDENTITY_KEYS: JSON.stringify({ keys: [identity] }),
  };
}

export async function startGatehouse({ upstreamUrl, accountId }: Start): Promise<Gatehouse> {
  // wrangler reads these while it loads: no telemetry, no banner, no download of a sample request.
  process.env.WRANGLER_SEND_METRICS ??= "false";
  process.env.WRANGLER_HIDE_BANNER ??= "true";
  process.env.WRANGLER_WRITE_LOGS ??= "false";
  process.env.CLOUDFLARE_CF_FETCH_ENABLED ??= "false";
  // wrangler.toml names it; a conformance run needs no console in it.
  mkdirSync("dist/assets", { recursive: true });
  const { createTestHarness } = await import("wrangler");
  const secrets = await newSecrets();
  const server = createTestHarness({
    root: fileURLToPath(new URL("../../", import.meta.url)),
    workers: [
      { configPath: "./wrangler.toml", vars: { UPSTREAM_URL: upstreamUrl, DEFAULT_KEY_ROLE: "Admin" }, secrets },
    ],
  });
  try {
    const { url } = await server.listen();
    const worker = server.getWorker("gatehouse");
    await worker.applyD1Migrations("DB");
    const keys = await seed((await worker.getEnv()).DB as Database, secrets.KEY_RING, accountId);
    return { url: url.href, ...keys, accountId, close: () => server.close() };
  } catch (fault) {
    await server.close();
    throw fault;
  }
}

/** One account, an Admin key that is in force, and one whose expiry has passed. */
async function seed(db: Database, ring: string, accountId: string): Promise<{ adminKey: string; expiredKey: string }> {
  const read = readKeyRing(ring);
  if ("errors" in read) throw new Error(read.errors.join("; "));
  await seedAccount(db, accountId);
  const admin = await seedKey(db, read.ring, { accountId, name: "conformance" });
  const expiresAt = Date.now() - 3_600_000;
  const expired = await seedKey(db, read.ring, { accountId, name: "conformance-expired", expiresAt });
  return { adminKey: admin.token, expiredKey: expired.token };
}
