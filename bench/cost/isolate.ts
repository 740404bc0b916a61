// One isolate of the count: the real finder and the real recorders on storage that counts, and the few lines of the door that
// ask them (src/gateway/handle-request.ts, which cannot be had without a Request).

import { decide } from "../../src/core/access/decide.ts";
import type { KeyHash } from "../../src/core/access/principal.ts";
import { parseAddress } from "../../src/core/ip/ip-address.ts";
import { OPERATIONS, type Operation } from "../../src/core/routing/operations.ts";
import { createUsageRecorder } from "../../src/store/api-keys/usage.ts";
import type { DeniedRequest } from "../../src/store/denials/port.ts";
import { createDenialRecorder } from "../../src/store/denials/recorder.ts";
import { createD1Records } from "../../src/store/key-cache/d1-records.ts";
import { createKeyResolver } from "../../src/store/key-cache/key-resolver.ts";
import { createKvCopies } from "../../src/store/key-cache/kv-copies.ts";
import type { ResolvedKey } from "../../src/store/key-cache/ports.ts";
import type { Clock } from "../../src/store/lib/timeouts.ts";
import type { Storage } from "./storage.ts";

export type Kind = "read" | "change" | "refused" | "stranger";

export interface Isolate {
  /** Takes a call, to the end of what goes on behind its answer. */
  call(hash: KeyHash, kind: Kind): Promise<void> | null;
}

export const ACCOUNT = "0f3b1c52-6d0a-4a7e-9c55-2f8f0c1d7a10";

/** KEY_CACHE_SIZE as it is by default. */
const RECORDS = 10_000;
const CALLER = parseAddress("198.51.100.7");

const ASKED: Record<Exclude<Kind, "stranger">, Operation> = {
  read: operation("listClusters"),
  change: operation("createCluster"),
  // Not for a Developer.
  refused: operation("getLoginRecords"),
};

function operation(id: string): Operation {
  const known = OPERATIONS.find(({ operationId }) => operationId === id);
  if (known === undefined) throw new Error(`${id} is not an operation`);
  return known;
}

function fail(what: string, error: unknown): never {
  throw new Error(what, { cause: error });
}

/** A new isolate. `onUse` hears of every use, by the key's id. */
export function createIsolate(
  storage: Storage,
  clock: Clock,
  random: () => number,
  keepRefusalsForMs: number,
  onUse: (keyId: string) => void,
): Isolate {
  const truth = createD1Records(storage.db);
  const parts = { records: truth, changes: truth, copies: createKvCopies(storage.kv), clock, random, onError: fail };
  const resolver = createKeyResolver(parts, { cacheSize: RECORDS, staleIfErrorMs: 60_000 });
  const usage = createUsageRecorder(storage.db, RECORDS, fail);
  const refusals = createDenialRecorder(storage.db, keepRefusalsForMs, fail);
  const behind: Promise<unknown>[] = [];
  const background = (work: Promise<unknown>) => void behind.push(work);
  const ended = async () => {
    while (behind.length > 0) await Promise.all(behind.splice(0));
  };

  function note(keyId: string | null, reason: string): void {
    const at = clock.now();
    const accountId = keyId === null ? null : ACCOUNT;
    const nothing = { path: null, operation: null, address: null, source: null, ageMs: null, version: null, steps: [] };
    const call: DeniedRequest = {
      requestId: crypto.randomUUID(),
      at,
      accountId,
      keyId,
      reason,
      method: "GET",
      ...nothing,
    };
    refusals.record(call, call, background);
  }

  function settle({ record }: ResolvedKey, asked: Operation): void {
    const facts = { address: CALLER, accountId: ACCOUNT, operation: asked, params: {} };
    const decision = decide(record, facts, clock.now());
    if (decision.allow) {
      usage.record(decision.key.id, clock.now(), "198.51.100.7", background);
      onUse(decision.key.id);
    } else note(record?.id ?? null, decision.denial.reason);
  }

  async function find(hash: KeyHash, exact: boolean, asked: Operation): Promise<void> {
    const found = await resolver.resolve(hash, { fromPrimary: exact, allowUnconfirmed: !exact }, background);
    settle("result" in found ? await found.result : found, asked);
    await ended();
  }

  return {
    call(hash, kind) {
      if (kind === "stranger") {
        note(null, "signature_invalid");
        return null;
      }
      const known = kind === "change" ? null : resolver.getCached(hash, clock.now(), background);
      if (known === null) return find(hash, kind === "change", ASKED[kind]);
      settle(known, ASKED[kind]);
      return behind.length > 0 ? ended() : null;
    },
  };
}
