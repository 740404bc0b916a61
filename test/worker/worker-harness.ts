// The whole Worker, as built by src/index.ts, on bindings with trouble in front of them. Every door is a new isolate:
// what is remembered belongs to the environment that it was opened with.
import { createExecutionContext, createScheduledController, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { base64url, exportJWK, generateKeyPair } from "jose";
import { vi } from "vitest";
import { readKeyRing } from "../../src/core/token/api-key-token.ts";
import worker from "../../src/index.ts";
import { ACCOUNT, PROJECT } from "../store/builders.ts";
import { type FaultyD1, faultyD1 } from "../support/faulty-d1.ts";
import { faultyKV } from "../support/faulty-kv.ts";
import { type KeyOptions, seedKey } from "../support/seed.ts";

export const CLUSTERS = `/api/public/v1/accounts/${ACCOUNT}/projects/${PROJECT}/clusters`;

// Taken before any test holds the timers.
const turn = globalThis.setTimeout;

/** As much of a JSON line in the log as tests look at. */
export type Line = Readonly<Record<string, unknown>>;

function newRing(...ids: string[]): string {
  const secret = () => base64url.encode(crypto.getRandomValues(new Uint8Array(32)));
  return JSON.stringify(Object.fromEntries(ids.map((id) => [id, secret()])));
}

export const KEY_RING = newRing("old", "new");

export function ringOf(json: string) {
  const read = readKeyRing(json);
  if ("errors" in read) throw new Error(read.errors.join("; "));
  return read.ring;
}

let identityKeys: Promise<string> | null = null;
async function newIdentityKeys(): Promise<string> {
  const { privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  return JSON.stringify({ keys: [{ ...(await exportJWK(privateKey)), kid: "test", alg: "EdDSA" }] });
}

export type WorkerUnderTest = Awaited<ReturnType<typeof openGateway>>;

/** `vars` as in wrangler.toml; `bindings` instead of those with trouble in front of them. */
export async function openGateway(vars: Record<string, string> = {}, bindings: Record<string, unknown> = {}) {
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
  const lines: Line[] = [];
  for (const method of ["log", "error"] as const) {
    vi.spyOn(console, method).mockImplementation((line: string) => void lines.push(JSON.parse(line)));
  }

  async function call(token: string | null, path = CLUSTERS, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers as HeadersInit);
    headers.set("cf-connecting-ip", "192.0.2.7");
    if (token !== null) headers.set("authorization", `Bearer ${token}`);
    const request = new Request<unknown, IncomingRequestCfProperties>(`https://door.example${path}`, {
      method: init.method ?? "GET",
      headers,
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
    /** The same, for an operation that changes something. */
    change: (token: string) => call(token, CLUSTERS, { method: "POST" }),
    /** A key straight in the database, signed with the newest secret of a ring. */
    key: ({ ring = KEY_RING, ...options }: Partial<KeyOptions> & { readonly ring?: string } = {}) =>
      seedKey(env.DB, ringOf(ring), { accountId: ACCOUNT, role: "Admin", ...options }),
    scheduled: () => worker.scheduled(createScheduledController(), given),
    /** Everything behind the answers comes to its end. */
    async behind() {
      for (const context of contexts.splice(0)) await waitOnExecutionContext(context);
    },
    resetCounts() {
      d1.ran.length = 0;
      Object.assign(kv.counts, { gets: 0, puts: 0 });
    },
    /** What D1 was asked: rows of keys, and the change log. */
    asked: () => ({
      rows: d1.ran.filter((sql) => sql.includes("WHERE k.hash")).length,
      logs: d1.ran.filter((sql) => sql.includes("AS floor")).length,
      copies: kv.counts.gets,
    }),
  };
  doors.push(gateway);
  return gateway;
}

const doors: { readonly d1: FaultyD1; behind(): Promise<void> }[] = [];

/** After a test: what is still under way ends before its database goes away. What was asked to be silent never does. */
export async function closeDoors(): Promise<void> {
  for (const { d1, behind } of doors.splice(0)) {
    const rest = d1.wasSilent ? new Promise<void>((resume) => turn(resume, 20)) : behind();
    await (vi.isFakeTimers() ? timePassesUntil(rest) : rest);
  }
  vi.useRealTimers();
  vi.restoreAllMocks();
}

/** Holds the clock and the timers. */
export function holdTime(now: number): void {
  vi.useFakeTimers({ now, toFake: ["Date", "setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
}

export function passTime(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

/** Lets time pass until something has happened; what is real, as D1 is, goes on meanwhile. */
export async function timePassesUntil<T>(promise: Promise<T>, stepMs = 5): Promise<T> {
  let settled = false;
  const mark = () => {
    settled = true;
  };
  promise.then(mark, mark);
  while (!settled) {
    await new Promise<void>((resume) => turn(resume, 0));
    await vi.advanceTimersByTimeAsync(stepMs);
  }
  return promise;
}
