// A gateway of real parts, with doubles for what is outside: storage, the upstream, the log and the clock.

import { base64url, exportJWK, generateKeyPair } from "jose";
import type { AuthorizedRequest } from "../../src/authorized-request.ts";
import type { KeyRecord } from "../../src/core/access/principal.ts";
import { matchOperation, type Target } from "../../src/core/routing/match-operation.ts";
import { compileTable } from "../../src/core/routing/operation-table.ts";
import { OPERATIONS } from "../../src/core/routing/operations.ts";
import { mintKey, readKeyRing } from "../../src/core/token/api-key-token.ts";
import type { Gateway, Policy } from "../../src/gateway/gateway.ts";
import { handleRequest } from "../../src/gateway/handle-request.ts";
import { type IncomingRequest, toIncomingRequest } from "../../src/gateway/incoming-request.ts";
import { createIdentity } from "../../src/gateway/proxy/identity-token.ts";
import { createHeaderFilter, createHeaderReuse } from "../../src/gateway/proxy/request-headers.ts";
import { createRateLimits } from "../../src/gateway/rate-limits.ts";
import { createContext, type RequestContext } from "../../src/gateway/request-context.ts";
import type { LogFields } from "../../src/log.ts";
import type { CanaryUse } from "../../src/store/canaries/port.ts";
import type { DenialEvent, DeniedRequest } from "../../src/store/denials/port.ts";
import type { Need, PendingKey, ResolvedKey } from "../../src/store/key-cache/ports.ts";
import type { RateLimiter } from "../../src/store/rate-limits/port.ts";
import { ACCOUNT_ID, aKey, NOW } from "../support/key.ts";

export const HOST = "https://gateway.example";
export const CLUSTERS = `/api/public/v1/accounts/${ACCOUNT_ID}/projects/p/clusters`;

const secret = base64url.encode(new Uint8Array(32).fill(7));
const read = readKeyRing(JSON.stringify({ k: secret }));
if ("errors" in read) throw new Error(read.errors.join(" "));
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

/** The runtime's streams of these names, which Node.js does not have. Their queues hold a chunk, as a socket would. */
class ByteStream extends TransformStream {
  constructor() {
    super({}, { highWaterMark: 1 }, { highWaterMark: 1 });
  }
}
Object.assign(globalThis, { IdentityTransformStream: ByteStream, FixedLengthStream: ByteStream });

export const POLICY: Policy = {
  strongCheck: "mutations",
  speculativeForwarding: false,
  allowWebSockets: false,
  blockedKeyIds: new Set(),
  hosts: new Set(),
  consoleHost: null,
  origins: new Set(),
  cors: { allowed: "Authorization", exposed: "ETag" },
};

export type Sent = { readonly url: string; readonly call: RequestInit & { readonly headers: Record<string, string> } };

export function found(record: KeyRecord | null, changes: Partial<ResolvedKey> = {}): ResolvedKey {
  return { record, source: "memory", ageMs: 40, degraded: false, ...changes };
}

/** A limiter that allows so many requests under each name. */
export function aLimiter(share: number, names: string[] = []): RateLimiter {
  return {
    periodSeconds: 10,
    async allows(name) {
      names.push(name);
      return names.filter((each) => each === name).length <= share;
    },
  };
}

export interface Wanted extends Partial<Omit<Gateway, "policy" | "keys">> {
  readonly policy?: Partial<Policy>;
  /** What the key cache holds; nothing by default. */
  readonly cached?: ResolvedKey | null;
  readonly find?: (need: Need) => ResolvedKey | PendingKey | Promise<ResolvedKey | PendingKey>;
  readonly ready?: () => Promise<void>;
  readonly answer?: (sent: Sent) => Response | Promise<Response>;
  readonly samples?: boolean;
  readonly admits?: boolean;
}

export function openGateway(wanted: Wanted = {}) {
  const { policy, cached = null, find, ready, answer, samples = true, admits = true, ...parts } = wanted;
  const sent: Sent[] = [];
  const lines: { readonly kind: string; readonly facts: LogFields }[] = [];
  const denied: (DenialEvent | DeniedRequest)[] = [];
  const used: unknown[] = [];
  const canaryUses: CanaryUse[] = [];
  const dryRunsRecorded: unknown[] = [];
  const served: AuthorizedRequest[] = [];
  const asked: (Need | "getCached")[] = [];
  const admitted: unknown[] = [];
  const background = () => undefined;
  const clock = { now: NOW };
  const gateway: Gateway = {
    operations: compileTable(OPERATIONS, "/"),
    ring: RING,
    keys: {
      getCached(hash) {
        asked.push("getCached");
        return hash === HASH ? cached : null;
      },
      async resolve(key, need) {
        asked.push(need);
        if (key.hash !== HASH) return found(null, { source: "d1" });
        return find ? await find(need) : found(aKey(), { source: "d1", ageMs: 0 });
      },
      invalidate: () => undefined,
      checkReady: ready ?? (async () => undefined),
      feedReadAt: () => NOW,
    },
    metrics: null,
    usage: { record: (...of) => void used.push(of), unwritten: () => used.length },
    dryRuns: async () => ({
      record: (call) => void dryRunsRecorded.push(call),
      recordUnreadable: (keyId) => void dryRunsRecorded.push(keyId),
      flush: async () => undefined,
    }),
    denials: {
      record: (denial, details, inFlood) => void denied.push(inFlood ? denial : details()),
      flush: async () => undefined,
    },
    operators: null,
    canaries: async () => ({ report: (use) => void canaryUses.push(use) }),
    leaks: () => Promise.reject(new Error("no report is expected")),
    identity: createIdentity(IDENTITY_KEYS, "https://issuer.example", "the-upstream"),
    upstream: {
      origin: "https://upstream.example",
      async fetch(url, call) {
        // As `fetch`, which copies headers at once.
        const headers = Object.fromEntries(new Headers(call.headers));
        const each = { url, call: { ...call, headers } } as Sent;
        sent.push(each);
        return answer
          ? await answer(each)
          : Response.json({ from: "upstream" }, { headers: { "content-length": "19" } });
      },
      authorization: null,
      timeoutMs: 1_000,
      forwardsHeader: createHeaderFilter(null),
      reuseHeaders: createHeaderReuse(),
      servesPages: false,
    },
    policy: { ...POLICY, ...policy },
    limits: createRateLimits(null, null),
    log: {
      write: (kind, facts) => void lines.push({ kind, facts }),
      sampled: () => samples,
      admitsDenial(...of) {
        admitted.push(of);
        return admits;
      },
    },
    now: () => clock.now,
    requestId: () => "request-1",
    async handleAdmin(request) {
      served.push(request);
      request.log.set({ resource_id: "made" });
      request.log.set({ count: 1 });
      return Response.json({ from: "gatehouse" }, { status: 201 });
    },
    openapi: async () => ({ openapi: "3.1.0" }),
    assets: null,
    auditHead: async () => null,
    firstAccount: async () => ({ state: async () => "account_exists", create: async () => false }),
    ...parts,
  };
  return {
    gateway,
    sent,
    lines,
    denied,
    used,
    canaryUses,
    dryRunsRecorded,
    served,
    asked,
    admitted,
    clock,
    background,
    ask: (path: string, init: RequestInit = {}, token: string | null = TOKEN) =>
      handleRequest(aRequest(path, init, token), gateway, background),
  };
}

export function aRequest(path: string, init: RequestInit = {}, token: string | null = null): Request {
  const headers = new Headers(init.headers);
  if (token !== null && !headers.has("authorization")) headers.set("authorization", `Bearer ${token}`);
  return new Request(path.startsWith("/") ? HOST + path : path, { ...init, headers });
}

/** A request as the gateway reads it. */
export function anIncomingRequest(path: string, init: RequestInit = {}): IncomingRequest {
  return toIncomingRequest(aRequest(path, init));
}

/** The context of a request whose operation is matched, and its target. */
export function aContext(
  gateway: Gateway,
  path = CLUSTERS,
  init: RequestInit = {},
): { context: RequestContext; target: Target } {
  const request = aRequest(path, init);
  const context = createContext(request, gateway);
  const target = matchOperation(
    request.method,
    new URL(request.url).pathname,
    new URL(request.url).search,
    gateway.operations,
  );
  if ("reason" in target) throw new Error(target.reason);
  context.path = target.path;
  context.target = target;
  return { context, target };
}

/** The error of an answer. */
export async function errorOf(answer: Response): Promise<Record<string, unknown>> {
  return ((await answer.json()) as { error: Record<string, unknown> }).error;
}
