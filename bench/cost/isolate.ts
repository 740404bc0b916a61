// One isolate of the count: the real key resolver and recorders on storage that counts, and the few lines of the gateway
// that call them (src/gateway/handle-request.ts, which needs a Request).

import { ACCOUNT } from "../../scripts/simulate/keys.ts";
import { decide } from "../../src/core/access/decide.ts";
import type { KeyHash } from "../../src/core/access/principal.ts";
import { type Address, parseAddress } from "../../src/core/ip/ip-address.ts";
import { OPERATIONS, type Operation } from "../../src/core/routing/operations.ts";
import { createNetworks } from "../../src/store/api-keys/networks.ts";
import { createPlaceCheck } from "../../src/store/api-keys/new-networks.ts";
import { createUsageRecorder } from "../../src/store/api-keys/usage.ts";
import { createDenialRecorder } from "../../src/store/denials/recorder.ts";
import { createD1Records } from "../../src/store/key-cache/d1-records.ts";
import { createKeyResolver } from "../../src/store/key-cache/key-resolver.ts";
import { createKvCopies } from "../../src/store/key-cache/kv-copies.ts";
import type { ResolvedKey } from "../../src/store/key-cache/ports.ts";
import type { Clock } from "../../src/store/lib/timeouts.ts";
import { claimsFor } from "../../test/support/key.ts";
import { idOf } from "../setup/keys.ts";
import type { Kind } from "./customers.ts";
import { type CountingStorage, RING } from "./storage.ts";

export interface Isolate {
  /** Serves a request and its background work; `null`: nothing to wait for. */
  serve(hash: KeyHash, kind: Kind): Promise<void> | null;
}

/** KEY_CACHE_SIZE and LAST_USE_INTERVAL_SECONDS as they are by default. */
const CACHE_SIZE = 10_000;
export const LAST_USE_INTERVAL_MS = 3_600_000;
const CLIENT = { text: "198.51.100.7", address: parseAddress("198.51.100.7") as Address };
const REQUEST = { cf: { country: "NZ" } };

// A Developer must not read login records.
const OPERATION_IDS = { read: "listClusters", change: "createCluster", denied: "getLoginRecords" } as const;

function operationOf(id: string): Operation {
  const operation = OPERATIONS.find(({ operationId }) => operationId === id);
  if (operation === undefined) throw new Error(`${id} is not an operation`);
  return operation;
}

function fail(what: string, cause: unknown): never {
  throw new Error(what, { cause });
}

export function createIsolate(
  storage: CountingStorage,
  clock: Clock,
  random: () => number,
  denialRetentionMs: number,
): Isolate {
  const primary = createD1Records(storage.db);
  const parts = {
    records: primary,
    changes: primary,
    copies: createKvCopies(storage.kv, RING),
    clock,
    random,
    onError: fail,
  };
  const resolver = createKeyResolver(parts, { cacheSize: CACHE_SIZE, staleIfErrorMs: 60_000 });
  const check = createPlaceCheck(storage.db, async () => fail("a new network", storage));
  const networks = createNetworks(CACHE_SIZE, async () => check, fail);
  // D1 bills rows, however many of them a statement has: what is gathered is written at once.
  const atOnce: Clock = {
    now: clock.now,
    after(_, run) {
      run();
      return () => undefined;
    },
    pause: clock.pause,
  };
  const usage = createUsageRecorder(
    storage.db,
    { maxKeys: CACHE_SIZE, clock: atOnce, intervalMs: LAST_USE_INTERVAL_MS },
    networks,
    fail,
  );
  const denials = createDenialRecorder(storage.db, denialRetentionMs, fail);
  const pending: Promise<unknown>[] = [];
  const background = (work: Promise<unknown>) => void pending.push(work);
  const settled = async () => {
    while (pending.length > 0) await Promise.all(pending.splice(0));
  };

  function recordDenial(keyId: string | null, reason: string): void {
    const request = { requestId: crypto.randomUUID(), at: clock.now(), keyId, reason, method: "GET" };
    const unknown = { path: null, operation: null, address: null, source: null, ageMs: null, version: null, steps: [] };
    const denied = { ...request, ...unknown, accountId: keyId === null ? null : ACCOUNT };
    denials.record(denied, () => denied, false, background);
  }

  function authorize({ record }: ResolvedKey, kind: keyof typeof OPERATION_IDS): void {
    const operation = operationOf(OPERATION_IDS[kind]);
    const facts = { address: CLIENT.address, accountId: ACCOUNT, operation, params: {} };
    const decision = decide(record, facts, clock.now());
    if (decision.allow) usage.record(decision.principal.id, clock.now(), CLIENT, REQUEST, background);
    else recordDenial(record?.id ?? null, decision.denial.reason);
  }

  async function resolve(hash: KeyHash, kind: keyof typeof OPERATION_IDS): Promise<void> {
    const fromPrimary = kind === "change";
    const found = await resolver.resolve(
      { hash, claims: claimsFor({ id: idOf(hash), accountId: ACCOUNT }) },
      { fromPrimary, allowUnconfirmed: !fromPrimary },
      background,
    );
    authorize("result" in found ? await found.result : found, kind);
    await settled();
  }

  return {
    serve(hash, kind) {
      if (kind === "unauthenticated") {
        recordDenial(null, "signature_invalid");
        return null;
      }
      const cached = kind === "change" ? null : resolver.getCached(hash, clock.now(), background);
      if (cached === null) return resolve(hash, kind);
      authorize(cached, kind);
      return pending.length > 0 ? settled() : null;
    },
  };
}
