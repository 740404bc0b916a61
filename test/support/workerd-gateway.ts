// Gatehouse on workerd with its own network on both sides: no development proxy in front, no Node in between. gatehouse.ts is
// nearer to `npm start`; this is nearer to what Cloudflare runs.
import { convertV4MiniflareOptions, Miniflare, type V4MiniflareOptions } from "miniflare";
import { newIdentityKeys, newKeyRing } from "../../scripts/secrets.ts";
import { WORKER_BUNDLE } from "./build-worker.ts";
import { ACCOUNT, type D1, type Kv, OTHER_ACCOUNT, parseKeyRing } from "./gatehouse.ts";
import { readD1Migrations } from "./migrations.ts";
import { type KeyOptions, type SeededKey, seedAccount, seedKey } from "./seed.ts";
import { startUpstream, type TestUpstream } from "./upstream.ts";

/** Every path is forwarded: for tests of what is forwarded, whatever the operation table has. */
export const FORWARD_ALL = { UNKNOWN_OPERATIONS: "admin", API_PATH_PREFIX: "/" } as const;

export interface WorkerdGatewayOptions {
  readonly vars?: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, string>>;
  /** The folder of another build of the Worker than that for Aeon's API. */
  readonly bundle?: string;
  /** An upstream Worker, bound as a service, in place of the counting server. */
  readonly service?: (request: Request) => Promise<Response>;
  /** More options of Miniflare, such as bindings that wrangler.toml would declare. */
  readonly worker?: Record<string, unknown>;
  /** What the database holds at the start; two accounts by default. */
  readonly database?: "accounts" | "tables" | "empty";
}

export interface WorkerdGateway {
  /** Through Miniflare's proxy, which adds `CF-Connecting-IP` where the client sent none. */
  readonly url: string;
  /** The direct socket of the Worker: no header is added or changed. */
  readonly port: number;
  readonly upstream: TestUpstream;
  readonly env: { readonly DB: D1; readonly KEY_COPIES: Kv };
  readonly secrets: { readonly KEY_RING: string; readonly IDENTITY_KEYS: string };
  key(options?: Partial<KeyOptions>): Promise<SeededKey>;
  call(token: string | null, path: string, init?: RequestInit): Promise<Response>;
  /** The parsed log lines since the last call. */
  logs(): Promise<readonly LogLine[]>;
  scheduled(): Promise<unknown>;
  close(): Promise<void>;
}

/** One line of the log; `text` is the raw line. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly text: string };

export async function startWorkerdGateway(options: WorkerdGatewayOptions = {}): Promise<WorkerdGateway> {
  const upstream = await startUpstream();
  const secrets = { KEY_RING: newKeyRing(new Date()), IDENTITY_KEYS: await newIdentityKeys(), ...options.secrets };
  const lines: string[] = [];
  const { bundle = WORKER_BUNDLE } = options;
  const vars = { UPSTREAM_URL: upstream.url, UPSTREAM_AUDIENCE: "test-upstream", ...options.vars };
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      name: "gatehouse",
      modules: true,
      modulesRoot: bundle,
      scriptPath: `${bundle}/index.js`,
      compatibilityDate: "2026-10-20",
      d1Databases: { DB: "gatehouse" },
      kvNamespaces: { KEY_COPIES: "keys" },
      bindings: { ...vars, ...secrets },
      ...(options.service ? { serviceBindings: { UPSTREAM: options.service } } : {}),
      unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
      cf: false,
      handleStructuredLogs: ({ message }: { message: string }) => lines.push(message),
      ...options.worker,
    } as unknown as V4MiniflareOptions),
  );
  const url = await runtime.ready;
  const direct = await runtime.unsafeGetDirectURL();
  const env = { DB: (await runtime.getD1Database("DB")) as unknown as D1, KEY_COPIES: await kvNamespaceOf(runtime) };
  await prepare(env.DB, options.database ?? "accounts");

  return {
    url: url.origin,
    port: Number(direct.port),
    upstream,
    env,
    secrets,
    key: (given = {}) => seedKey(env.DB, parseKeyRing(secrets.KEY_RING), { accountId: ACCOUNT, ...given }),
    call(token, path, init = {}) {
      const headers = new Headers(init.headers);
      if (token !== null) headers.set("authorization", `Bearer ${token}`);
      return fetch(url.origin + path, { redirect: "manual", ...init, headers });
    },
    async logs() {
      // workerd writes its log to a pipe, which can arrive shortly after the response.
      await new Promise((resume) => setTimeout(resume, 50));
      return lines.splice(0).map(parseLine);
    },
    scheduled: async () => (await runtime.getWorker()).scheduled({ cron: "* * * * *" }),
    async close() {
      await runtime.dispose();
      await upstream.close();
    },
  };
}

async function prepare(db: D1, content: NonNullable<WorkerdGatewayOptions["database"]>): Promise<void> {
  if (content === "empty") return;
  for (const statement of await readD1Migrations()) await db.prepare(statement).bind().run();
  if (content === "tables") return;
  await seedAccount(db, ACCOUNT);
  await seedAccount(db, OTHER_ACCOUNT, "Another account");
}

async function kvNamespaceOf(runtime: Miniflare): Promise<Kv> {
  return (await runtime.getKVNamespace("KEY_COPIES")) as unknown as Kv;
}

function parseLine(text: string): LogLine {
  try {
    return { ...(JSON.parse(text) as Record<string, unknown>), text };
  } catch {
    return { text };
  }
}
