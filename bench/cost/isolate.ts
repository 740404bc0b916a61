// One isolate of the count: the real finder and the real recorders on storage that counts, and the few lines of the door that
// ask them (src/gateway/authorize.ts, which cannot be had without a Request).
import { parseAddress } from "../../src/core/address.ts";
import { decide } from "../../src/core/decide.ts";
import type { KeyHash } from "../../src/core/key.ts";
import { OPERATIONS, type Operation } from "../../src/core/operations.ts";
import type { Clock } from "../../src/store/budget.ts";
import { createD1Keys } from "../../src/store/d1-keys.ts";
import { createKvKeys } from "../../src/store/kv-keys.ts";
import { createKeyFinder } from "../../src/store/memory-keys.ts";
import type { Found, RefusedCall } from "../../src/store/ports.ts";
import { createRefusalRecorder } from "../../src/store/refusals.ts";
import { createD1Usage } from "../../src/store/usage.ts";
import type { Storage } from "./storage.ts";

export type Kind = "read" | "change" | "refused" | "stranger";

export interface Isolate {
  /** Takes a call, to the end of what goes on behind its answer. */
  call(hash: KeyHash, kind: Kind): Promise<void> | null;
}

export const ACCOUNT = "0f3b1c52-6d0a-4a7e-9c55-2f8f0c1d7a10";

/** MEMORY_RECORDS as it is by default. */
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
  const truth = createD1Keys(storage.db);
  const parts = { truth, changes: truth, warm: createKvKeys(storage.kv), clock, random, onFault: fail };
  const finder = createKeyFinder(parts, { records: RECORDS, graceMs: 60_000 });
  const usage = createD1Usage(storage.db, RECORDS, fail);
  const refusals = createRefusalRecorder(storage.db, keepRefusalsForMs, fail);
  const behind: Promise<unknown>[] = [];
  const background = (work: Promise<unknown>) => void behind.push(work);
  const ended = async () => {
    while (behind.length > 0) await Promise.all(behind.splice(0));
  };

  function note(keyId: string | null, reason: string): void {
    const at = clock.now();
    const accountId = keyId === null ? null : ACCOUNT;
    const nothing = { path: null, operation: null, address: null, source: null, ageMs: null, version: null, steps: [] };
    const call: RefusedCall = {
      requestId: crypto.randomUUID(),
      at,
      accountId,
      keyId,
      reason,
      method: "GET",
      ...nothing,
    };
    refusals.note(call, call, background);
  }

  function settle({ record }: Found, asked: Operation): void {
    const facts = { address: CALLER, accountId: ACCOUNT, operation: asked, params: {} };
    const verdict = decide(record, facts, clock.now());
    if (verdict.allow) {
      usage.note(verdict.key.id, clock.now(), "198.51.100.7", background);
      onUse(verdict.key.id);
    } else note(record?.id ?? null, verdict.denial.reason);
  }

  async function find(hash: KeyHash, exact: boolean, asked: Operation): Promise<void> {
    const found = await finder.find(hash, { exact, ahead: !exact }, background);
    settle("confirmed" in found ? await found.confirmed : found, asked);
    await ended();
  }

  return {
    call(hash, kind) {
      if (kind === "stranger") {
        note(null, "signature_invalid");
        return null;
      }
      const known = kind === "change" ? null : finder.recall(hash, clock.now(), background);
      if (known === null) return find(hash, kind === "change", ASKED[kind]);
      settle(known, ASKED[kind]);
      return behind.length > 0 ? ended() : null;
    },
  };
}
