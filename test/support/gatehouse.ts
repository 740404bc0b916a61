// Gatehouse as it will run: workerd with a real D1 and KV, on a real socket, in front of a real upstream.
import { createTestHarness } from "wrangler";
import { newIdentityKeys, newKeyRing } from "../../scripts/secrets.ts";
import { type KeyRing, readKeyRing } from "../../src/core/token/api-key-token.ts";
import { type Database, type KeyOptions, type SeededKey, seedAccount, seedKey } from "./seed.ts";
import { startUpstream, type TestUpstream } from "./upstream.ts";

export const ACCOUNT = "340af43a-8a7c-4659-9258-4876fd6a207b";
export const OTHER_ACCOUNT = "00000000-0000-4000-8000-00000000000b";
export const PROJECT = "78d4459c-0f45-47a5-899a-45ddf43eba6e";
export const CLUSTERS = `/api/public/v1/accounts/${ACCOUNT}/projects/${PROJECT}/clusters`;

export interface Gatehouse {
  readonly url: string;
  readonly port: number;
  readonly upstream: TestUpstream;
  readonly env: { readonly DB: D1; readonly KEY_COPIES: Kv };
  readonly secrets: { readonly KEY_RING: string; readonly IDENTITY_KEYS: string };
  /** Inserts a key in any state; of the test account by default. */
  key(options?: Partial<KeyOptions>): Promise<SeededKey>;
  /** Sends a request with a key or without one; `path` is absolute. */
  call(token: string | null, path: string, init?: RequestInit): Promise<Response>;
  /** The log lines since the last call. */
  logs(): readonly string[];
  scheduled(): Promise<unknown>;
  close(): Promise<void>;
}

/** The part of the bindings that tests use from Node. */
export interface D1 extends Database {
  prepare(sql: string): ReturnType<Database["prepare"]> & { all(): Promise<{ results: Record<string, unknown>[] }> };
}
export interface Kv {
  list(): Promise<{ keys: { name: string }[] }>;
  get(name: string): Promise<string | null>;
  put(name: string, value: string): Promise<void>;
  delete(name: string): Promise<void>;
}

/**
 * Starts Gatehouse with a migrated database. `vars` are added to those of wrangler.toml.
 *
 * @param accounts whether the database has the two test accounts
 */
export async function startGatehouse(
  vars: Readonly<Record<string, string>> = {},
  secrets: Readonly<Record<string, string>> = {},
  accounts = true,
): Promise<Gatehouse> {
  const upstream = await startUpstream();
  const harness = createTestHarness();
  const given = { KEY_RING: newKeyRing(new Date()), IDENTITY_KEYS: await newIdentityKeys(), ...secrets };
  await harness.update({
    workers: [
      {
        configPath: "./wrangler.toml",
        vars: { UPSTREAM_URL: upstream.url, UPSTREAM_AUDIENCE: "test-upstream", ...vars },
        secrets: given,
      },
    ],
  });
  const { url } = await harness.listen();
  const worker = harness.getWorker("gatehouse");
  // The types of the Worker's bindings are those of workerd; tests need two of them.
  await worker.applyD1Migrations("DB" as never);
  const env = (await worker.getEnv()) as unknown as { readonly DB: D1; readonly KEY_COPIES: Kv };
  if (accounts) {
    await seedAccount(env.DB, ACCOUNT);
    await seedAccount(env.DB, OTHER_ACCOUNT, "Another account");
  }

  return {
    url: url.origin,
    port: Number(url.port),
    upstream,
    env,
    secrets: given,
    key: (options = {}) => seedKey(env.DB, parseKeyRing(given.KEY_RING), { accountId: ACCOUNT, ...options }),
    call(token, path, init = {}) {
      const headers = new Headers(init.headers);
      if (token !== null) headers.set("authorization", `Bearer ${token}`);
      return fetch(url.origin + path, { redirect: "manual", ...init, headers });
    },
    logs() {
      const lines = harness.getLogs().map(({ message }) => message);
      harness.clearLogs();
      return lines;
    },
    scheduled: () => worker.scheduled({ cron: "* * * * *" }),
    async close() {
      await harness.close();
      await upstream.close();
    },
  };
}

/** @throws Error when it is not a key ring */
export function parseKeyRing(json: string): KeyRing {
  const read = readKeyRing(json);
  if ("errors" in read) throw new Error(read.errors.join("; "));
  return read.ring;
}
