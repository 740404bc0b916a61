// The storage ports in memory: rows with their change log, and copies. Reads are counted; a test can delay or fail them.
import type { KeyHash, KeyRecord, KeyRole } from "../../src/core/access/principal.ts";
import type { Background } from "../../src/store/common.ts";
import { createKeyResolver } from "../../src/store/key-cache/key-resolver.ts";
import type {
  Change,
  Changes,
  KeyCopy,
  PresentedKey,
  PrimaryRead,
  RecordRead,
} from "../../src/store/key-cache/ports.ts";
import type { FakeClock } from "./fake-clock.ts";
import { aKey, claimsFor } from "./key.ts";

/** What a dependency does instead of answering: fail with this error, or never answer. */
export type Trouble = Error | "silent" | null;

export interface Behavior {
  trouble: Trouble;
  delayMs: number;
}

export const DOWN = new Error("D1_ERROR: internal error; reference = 1");

export type ModelledStore = ReturnType<typeof modelledStore>;

export function modelledStore(clock: FakeClock) {
  const rows = new Map<KeyHash, KeyRecord>();
  const copies = new Map<KeyHash, RecordRead>();
  let log: Change[] = [{ seq: 1, keyId: null, version: 0 }];
  const counts = { rows: 0, copies: 0, logs: 0, puts: 0 };
  const d1: Behavior = { trouble: null, delayMs: 0 };
  const kv: Behavior = { trouble: null, delayMs: 0 };
  const errors: string[] = [];
  let keyCount = 0;

  const newestSeq = () => (log.at(-1) as { seq: number }).seq;

  function answer<T>({ trouble, delayMs }: Behavior, read: () => T): Promise<T> {
    if (trouble === "silent") return new Promise(() => undefined);
    return new Promise((resolve, reject) => {
      // Read at the start of a delay: a slow result is an old one.
      const result = trouble ?? read();
      const end = () => (result instanceof Error ? reject(result) : resolve(result));
      if (delayMs === 0) end();
      else clock.after(delayMs, end);
    });
  }

  function rowOf(hash: KeyHash): PrimaryRead | null {
    const record = rows.get(hash);
    if (record === undefined) return null;
    return { record, asOf: newestSeq(), lacksSigningKeyId: false, copy: { ...record, asOf: newestSeq() } as never };
  }

  const ports = {
    records: {
      readByHash(hash: KeyHash): Promise<PrimaryRead | null> {
        counts.rows += 1;
        return answer(d1, () => rowOf(hash));
      },
      readByHashes(hashes: readonly KeyHash[]): Promise<readonly (PrimaryRead | null)[]> {
        counts.rows += 1;
        return answer(d1, () => hashes.map(rowOf));
      },
      addSigningKeyId: async () => undefined,
    },
    changes: {
      since(seq: number): Promise<Changes> {
        counts.logs += 1;
        const oldestSeq = (log[0] as { seq: number }).seq;
        return answer(d1, () => ({ oldestSeq, newestSeq: newestSeq(), changes: log.filter((line) => line.seq > seq) }));
      },
    },
    copies: {
      get(hash: KeyHash): Promise<RecordRead | null> {
        counts.copies += 1;
        return answer(kv, () => copies.get(hash) ?? null);
      },
      put(hash: KeyHash, copy: KeyCopy): Promise<boolean> {
        counts.puts += 1;
        return answer(kv, () => {
          const { asOf, ...record } = copy;
          copies.set(hash, { record: record as never, asOf });
          return true;
        });
      },
    },
  };

  return {
    ...ports,
    counts,
    d1,
    kv,
    errors,
    stored: copies,
    /** The key resolver of a new isolate. */
    resolver(settings: { cacheSize?: number; staleIfErrorMs?: number } = {}) {
      const onError = (what: string) => errors.push(what);
      const parts = { ...ports, clock, random: () => 0.5, onError };
      return createKeyResolver(parts, { cacheSize: 1_000, staleIfErrorMs: 60_000, ...settings });
    },
    /** The key with this hash as its token presents it; of one that is not stored, as that of another key. */
    presented: (hash: KeyHash): PresentedKey => ({ hash, claims: claimsFor(rows.get(hash)) }),
    add(changes: Partial<KeyRecord> = {}): KeyHash {
      keyCount += 1;
      const hash = String(keyCount).padStart(64, "0") as KeyHash;
      rows.set(hash, aKey({ id: `key-${keyCount}`, ...changes }));
      return hash;
    },
    /** Writes the current record of a key to KV. */
    writeCopy(hash: KeyHash, asOf = newestSeq()): void {
      copies.set(hash, { record: rows.get(hash) as KeyRecord, asOf });
    },
    /** Changes a key and logs the change. */
    change(hash: KeyHash, changes: Partial<KeyRecord>): void {
      const before = rows.get(hash) as KeyRecord;
      const after = { ...before, ...changes, version: before.version + 1 };
      rows.set(hash, after);
      log.push({ seq: newestSeq() + 1, keyId: after.id, version: after.version });
    },
    /** Changes every key and logs it as one line. */
    changeAll(): void {
      for (const [hash, record] of rows) rows.set(hash, { ...record, version: record.version + 1 });
      log.push({ seq: newestSeq() + 1, keyId: null, version: 0 });
    },
    /** Changes a role, that of the keys which have it, and logs it as one line. */
    changeRole(role: KeyRole): void {
      for (const [hash, record] of rows) {
        if (record.role.id === role.id) rows.set(hash, { ...record, role, version: record.version + 1 });
      }
      log.push({ seq: newestSeq() + 1, keyId: null, version: 0, roleId: role.id });
    },
    prune(keep: number): void {
      log = log.slice(-keep);
    },
    /** Restores the database to an earlier record of a key and an earlier end of the log. */
    restore(hash: KeyHash, record: KeyRecord, newest: number): void {
      rows.set(hash, record);
      log = log.filter(({ seq }) => seq <= newest);
    },
    newestSeq,
    resetCounts(): void {
      Object.assign(counts, { rows: 0, copies: 0, logs: 0, puts: 0 });
    },
  };
}

/** Background work that no test waits for. */
export const inBackground: Background = () => undefined;

export const READ = { fromPrimary: false, allowUnconfirmed: false } as const;
export const FROM_PRIMARY = { fromPrimary: true, allowUnconfirmed: false } as const;
