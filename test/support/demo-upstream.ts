// The demo upstream on a real socket: starts it, sends requests with an identity token, and completes its pending changes.
import type { D1Database } from "@cloudflare/workers-types";
import { createTestHarness } from "wrangler";
import { AUDIENCE, type DemoGateway } from "./demo-gateway.ts";

// biome-ignore lint/suspicious/noExplicitAny: tests read members of any response
export type Json = any;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Json;
}

const TABLES = ["tasks", "backups", "clusters", "vpcs", "accounts"];

export type Upstream = Awaited<ReturnType<typeof startUpstream>>;

export async function startUpstream(gateway: DemoGateway) {
  const harness = createTestHarness();
  let url: URL;

  /** Starts or restarts the Worker with other variables. Its database is kept. */
  async function start(vars: Record<string, string> = {}): Promise<void> {
    const given = { GATEHOUSE_URL: gateway.url, AUDIENCE, ...vars };
    await harness.update({ workers: [{ configPath: "./demo/wrangler.toml", vars: given }] });
    ({ url } = await harness.listen());
  }

  async function database(): Promise<D1Database> {
    return (await harness.getWorker<{ DB: D1Database }>().getEnv()).DB;
  }

  async function send(method: string, path: string, headers: Record<string, string>, body?: unknown): Promise<Answer> {
    const sent = body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) };
    const response = await fetch(new URL(`/api/public/v1${path}`, url), { method, headers, ...sent });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === "" ? null : JSON.parse(text) };
  }

  await start();
  await harness.getWorker<{ DB: D1Database }>().applyD1Migrations("DB");
  return {
    start,
    send,
    /** Sends a request with an identity token, as the gateway would forward it. */
    call: async (method: string, path: string, body?: unknown) =>
      send(method, path, { "Gatehouse-Identity": await gateway.identity([method, path]) }, body),
    /** Every row of a table, as JSON. */
    stored: async (table: string) => JSON.stringify(await (await database()).prepare(`SELECT * FROM ${table}`).all()),
    empty: async () => {
      for (const table of TABLES) await (await database()).prepare(`DELETE FROM ${table}`).run();
    },
    /** Completes every pending change, by moving its stored completion time into the past. */
    settle: async () => {
      for (const table of ["clusters", "backups", "tasks"]) {
        await (await database()).prepare(`UPDATE ${table} SET settles_at = created_at`).run();
      }
    },
    log: () => JSON.stringify(harness.getLogs()),
    close: () => harness.close(),
  };
}
