// The whole Worker as built by src/index.ts, on bindings that fail on request. Every gateway is a new isolate: its caches belong
// to the environment that it was started with.
import { createExecutionContext, createScheduledController, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { base64url, exportJWK, generateKeyPair } from "jose";
import { vi } from "vitest";
import { readKeyRing } from "../../src/core/token/api-key-token.ts";
import worker from "../../src/index.ts";
import { ACCOUNT, PROJECT } from "../store/builders.ts";
import { type FaultyD1, faultyD1 } from "../support/faulty-d1.ts";
import { faultyKV } from "../support/faulty-kv.ts";
import { type KeyOptions, type SeededKey, seedKey } from "../support/seed.ts";

export const CLUSTERS = `/api/public/v1/accounts/${ACCOUNT}/projects/${PROJECT}/clusters`;

// Taken before any test replaces the timers.
const realSetTimeout = globalThis.setTimeout;

/** One JSON line of the log. */
export type LogLine = Readonly<Record<string, unknown>>;

function newKeyRing(...ids: string[]): string {
  const secret = () => base64url.encode(crypto.getRandomValues(new Uint8Array(32)));
  return JSON.stringify(Object.fromEntries(ids.map((id) => [id, secret()])));
}

export const KEY_RING = newKeyRing("old", "new");

export function parseKeyRing(json: string) {
  const read = readKeyRing(json);
  if ("errors" in read) throw new Error(read.errors.join("; "));
  return read.ring;
}

let identityKeys: Promise<string> | null = null;
async function newIdentityKeys(): Promise<string> {
  const { privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  return JSON.stringify({ keys: [{ ...(await exportJWK(privateKey)), kid: "test", alg: "EdDSA" }] });
}

export type TestGateway = Awaited<ReturnType<typeof startGateway>>;

/** Starts a gateway. `vars` are those of wrangler.toml; `bindings` replace the failing ones. */
export async function startGateway(vars: Record<string, string> = {}, bindings: Record<string, unknown> = {}) {
  const d1 = faultyD1(env.DB);
  const kv = faultyKV(env.KEY_COPIES);
  const reached: Request[] = [];
  const upstream = {
    reached,
    answer: (_request: Request): Promise<Response> | Response => Response.json({ from: "upstream" }),
    fetch: async (url: string, call: RequestInit) => {
      const request = new Request(url, call);
      reached.push(request);
      return await upstream.answer(request);
    },
  };
  identityKeys ??= newIdentityKeys();
  const secrets = { KEY_RING, IDENTITY_KEYS: await identityKeys };
  const given = { DB: d1.db, KEY_COPIES: kv.kv, UPSTREAM: upstream, ...secrets, LOG_SAMPLE: "1", ...bindings, ...vars };
  const lines: LogLine[] = [];
  for (const method of ["log", "error"] as const) {
    vi.spyOn(console, method).mockImplementation((line: string) => void lines.push(JSON.parse(line)));
  }

  async function call(token: string | null, path = CLUSTERS, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers as HeadersInit);
    if (!headers.has("cf-connecting-ip")) headers.set("cf-connecting-ip", "192.0.2.7");
    if (token !== null) headers.set("authorization", `Bearer ${token}`);
    const request = new Request<unknown, IncomingRequestCfProperties>(`https://gateway.example${path}`, {
      method: init.method ?? "GET",
      headers,
      ...(init.body == null ? {} : { body: init.body }),
    });
    const context = createExecutionContext();
    contexts.push(context);
    return await worker.fetch(request, given, context);
  }
  const contexts: ExecutionContext[] = [];

  const gateway = {
    d1,
    kv,
    upstream,
    lines,
    call,
    /** Sends a request to a mutating operation. */
    mutate: (token: string) => call(token, CLUSTERS, { method: "POST" }),
    /** Inserts a key into D1, signed with the newest secret of a key ring. */
    key: ({ ring = KEY_RING, ...options }: Partial<KeyOptions> & { readonly ring?: string } = {}) =>
      seedKey(env.DB, parseKeyRing(ring), { accountId: ACCOUNT, role: "Admin", ...options }),
    scheduled: () => worker.scheduled(createScheduledController(), given),
    /** Waits for all work that outlives its response; a frozen clock goes on as long as a timer needs. */
    async finishBackgroundWork() {
      const work = Promise.all(contexts.splice(0).map(waitOnExecutionContext));
      if (!vi.isFakeTimers()) return void (await work);
      // Most work has no timer to wait for: the clock then stands still.
      const isDone = work.then(() => true);
      if (await Promise.race([isDone, new Promise<void>((resume) => realSetTimeout(resume, 200))])) return;
      await advanceTimeUntil(work);
    },
    resetCounts() {
      d1.ran.length = 0;
      Object.assign(kv.counts, { gets: 0, puts: 0 });
    },
    /** Reads since the last reset: rows of keys and change log in D1, copies in KV. */
    storageReads: () => ({
      rows: d1.ran.filter((sql) => sql.includes("WHERE k.hash")).length,
      logs: d1.ran.filter((sql) => sql.includes("AS oldestSeq")).length,
      copies: kv.counts.gets,
    }),
  };
  started.push(gateway);
  return gateway;
}

// biome-ignore lint/suspicious/noExplicitAny: a test reads members of any response
type Answer = { readonly status: number; readonly body: any };

/** The answer to a request with a key. A body that is not a string is sent as JSON. */
export async function ask(
  gateway: TestGateway,
  key: SeededKey,
  path: string,
  method = "GET",
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const sent = typeof body === "string" || body === undefined ? body : JSON.stringify(body);
  const type: Record<string, string> = sent === undefined ? {} : { "content-type": "application/json" };
  const init = { method, headers: { ...type, ...headers }, ...(sent === undefined ? {} : { body: sent }) };
  const response = await gateway.call(key.token, path, init);
  const text = await response.text();
  await gateway.finishBackgroundWork();
  return { status: response.status, body: text === "" ? null : JSON.parse(text) };
}

const started: { readonly d1: FaultyD1; finishBackgroundWork(): Promise<void> }[] = [];

/** Waits, after a test, for pending work before its database goes away. Work on a silent D1 never ends and is left. */
export async function stopGateways(): Promise<void> {
  for (const { d1, finishBackgroundWork } of started.splice(0)) {
    const pending = d1.wasSilent ? new Promise<void>((resume) => realSetTimeout(resume, 20)) : finishBackgroundWork();
    await (vi.isFakeTimers() ? advanceTimeUntil(pending) : pending);
  }
  vi.useRealTimers();
  vi.restoreAllMocks();
}

/** Freezes the clock and the timers at a time in epoch milliseconds. */
export function freezeTime(now: number): void {
  vi.useFakeTimers({ now, toFake: ["Date", "setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
}

/** Advances the clock and runs no timer. */
export function advanceClock(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

/** Advances the timers until a promise settles. Real work, such as that of D1, continues meanwhile. */
export async function advanceTimeUntil<T>(promise: Promise<T>, stepMs = 5): Promise<T> {
  let settled = false;
  const markSettled = () => {
    settled = true;
  };
  promise.then(markSettled, markSettled);
  while (!settled) {
    await new Promise<void>((resume) => realSetTimeout(resume, 0));
    // All timers of one time in one turn of the runtime, as those of requests of their own.
    vi.advanceTimersByTime(stepMs);
  }
  return promise;
}
