// A door of real parts and stand-ins for what lies outside: storage, the upstream, the log and the clock.
import { base64url, exportJWK, generateKeyPair } from "jose";
import type { KeyRecord } from "../../src/core/key.ts";
import { OPERATIONS } from "../../src/core/operations.ts";
import { compileRoutes } from "../../src/core/routes.ts";
import { mintKey, readKeyRing } from "../../src/core/token.ts";
import { answerCall } from "../../src/gateway/authorize.ts";
import { type Call, openCall } from "../../src/gateway/call.ts";
import type { AuthorisedCall, Door, Policy } from "../../src/gateway/door.ts";
import { readTarget, type Target } from "../../src/gateway/facts.ts";
import { createIdentity } from "../../src/gateway/identity.ts";
import { createLimits } from "../../src/gateway/limits.ts";
import type { LogFacts } from "../../src/log.ts";
import type { Found, Need, RateLimiter, Refusal, RefusedCall, Unconfirmed } from "../../src/store/ports.ts";
import { ACCOUNT_ID, aKey, NOW } from "../support/key.ts";

export const HOST = "https://door.example";
export const CLUSTERS = `/api/public/v1/accounts/${ACCOUNT_ID}/projects/p/clusters`;

const secret = base64url.encode(new Uint8Array(32).fill(7));
const read = readKeyRing(JSON.stringify({ k: secret }));
if ("faults" in read) throw new Error(read.faults.join(" "));
export const RING = read.ring;
export const { token: TOKEN, hash: HASH } = await mintKey(RING, {
  keyId: aKey().id,
  accountId: ACCOUNT_ID,
  expiresAt: null,
  now: NOW,
});
const foreign = readKeyRing(JSON.stringify({ k: base64url.encode(new Uint8Array(32).fill(8)) }));
export const FORGED =
  "ring" in foreign
    ? (await mintKey(foreign.ring, { keyId: "x", accountId: ACCOUNT_ID, expiresAt: null, now: NOW })).token
    : "";

async function identityKey(kid: string) {
  const { privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  return { ...(await exportJWK(privateKey)), kid };
}
export const IDENTITY_KEYS = [await identityKey("old"), await identityKey("new")];

export const POLICY: Policy = {
  strongCheck: "mutations",
  speculate: false,
  allowUpgrade: false,
  denyKeys: new Set(),
  hosts: new Set(),
  origins: new Set(),
};

export type Sent = { readonly url: string; readonly call: RequestInit & { readonly headers: Record<string, string> } };

export function found(record: KeyRecord | null, changes: Partial<Found> = {}): Found {
  return { record, source: "memory", ageMs: 40, degraded: false, ...changes };
}

/** A limiter that lets so many pass under each name. */
export function aLimiter(share: number, names: string[] = []): RateLimiter {
  return {
    periodSeconds: 10,
    async allows(name) {
      names.push(name);
      return names.filter((each) => each === name).length <= share;
    },
  };
}

export interface Wanted extends Partial<Omit<Door, "policy" | "keys">> {
  readonly policy?: Partial<Policy>;
  /** What this isolate remembers; nothing unless said. */
  readonly recalled?: Found | null;
  readonly find?: (need: Need) => Found | Unconfirmed | Promise<Found | Unconfirmed>;
  readonly ready?: () => Promise<void>;
  readonly answer?: (sent: Sent) => Response | Promise<Response>;
  readonly samples?: boolean;
  readonly admits?: boolean;
}

export function openDoor(wanted: Wanted = {}) {
  const { policy, recalled = null, find, ready, answer, samples = true, admits = true, ...parts } = wanted;
  const sent: Sent[] = [];
  const lines: { readonly kind: string; readonly facts: LogFacts }[] = [];
  const refused: (Refusal | RefusedCall)[] = [];
  const used: unknown[] = [];
  const tried: unknown[] = [];
  const served: AuthorisedCall[] = [];
  const asked: (Need | "recall")[] = [];
  const admitted: unknown[] = [];
  const background = () => undefined;
  const clock = { now: NOW };
  const door: Door = {
    routes: compileRoutes(OPERATIONS),
    ring: RING,
    keys: {
      recall(hash) {
        asked.push("recall");
        return hash === HASH ? recalled : null;
      },
      async find(hash, need) {
        asked.push(need);
        if (hash !== HASH) return found(null, { source: "d1" });
        return find ? await find(need) : found(aKey(), { source: "d1", ageMs: 0 });
      },
      doubt: () => undefined,
      ready: ready ?? (async () => undefined),
    },
    usage: { note: (...of) => void used.push(of) },
    trials: async () => ({
      note: (call) => void tried.push(call),
      noteUnreadable: (keyId) => void tried.push(keyId),
      flush: async () => undefined,
    }),
    refused: { note: (refusal, call) => void refused.push(call ?? refusal), flush: async () => undefined },
    operators: null,
    identity: createIdentity(IDENTITY_KEYS, "https://issuer.example", "the-upstream"),
    upstream: {
      origin: "https://upstream.example",
      async fetch(url, call) {
        const each = { url, call } as Sent;
        sent.push(each);
        return answer ? await answer(each) : Response.json({ from: "upstream" });
      },
      authorization: null,
      timeoutMs: 1_000,
    },
    policy: { ...POLICY, ...policy },
    limits: createLimits(null, null),
    log: {
      write: (kind, facts) => void lines.push({ kind, facts }),
      samples: () => samples,
      admits(...of) {
        admitted.push(of);
        return admits;
      },
    },
    now: () => clock.now,
    requestId: () => "request-1",
    async serve(call) {
      served.push(call);
      call.log.set({ resource_id: "made" });
      call.log.set({ count: 1 });
      return Response.json({ from: "gatehouse" }, { status: 201 });
    },
    openapi: async () => ({ openapi: "3.1.0" }),
    assets: null,
    ...parts,
  };
  return {
    door,
    sent,
    lines,
    refused,
    used,
    tried,
    served,
    asked,
    admitted,
    clock,
    background,
    ask: (path: string, init: RequestInit = {}, token: string | null = TOKEN) =>
      answerCall(aRequest(path, init, token), door, background),
  };
}

export function aRequest(path: string, init: RequestInit = {}, token: string | null = null): Request {
  const headers = new Headers(init.headers);
  if (token !== null && !headers.has("authorization")) headers.set("authorization", `Bearer ${token}`);
  return new Request(path.startsWith("/") ? HOST + path : path, { ...init, headers });
}

/** A call as far as its target, and that target. */
export function aCall(door: Door, path = CLUSTERS, init: RequestInit = {}): { call: Call; target: Target } {
  const request = aRequest(path, init);
  const call = openCall(request, door);
  const target = readTarget(request, new URL(request.url).pathname, door.routes);
  if ("reason" in target) throw new Error(target.reason);
  call.path = target.path;
  call.target = target;
  return { call, target };
}

/** The error of an answer. */
export async function errorOf(answer: Response): Promise<Record<string, unknown>> {
  return ((await answer.json()) as { error: Record<string, unknown> }).error;
}
