// The storage ports in memory: a truth with its change log and a warm copy, counted, late or broken as a test asks.
import type { KeyHash, KeyRecord } from "../../src/core/access/principal.ts";
import type { Background } from "../../src/store/common.ts";
import { createKeyResolver } from "../../src/store/key-cache/key-resolver.ts";
import type { Changes, KeyCopy, PrimaryRead, RecordRead } from "../../src/store/key-cache/ports.ts";
import type { FakeClock } from "./fake-clock.ts";
import { aKey } from "./key.ts";

/** What a dependency does instead of answering: fail with this error, or say nothing at all. */
export type Trouble = Error | "silent" | null;

export interface Answers {
  trouble: Trouble;
  delayMs: number;
}

export const DOWN = new Error("D1_ERROR: internal error; reference = 1");

export type ModelledStore = ReturnType<typeof modelledStore>;

export function modelledStore(clock: FakeClock) {
  const rows = new Map<KeyHash, KeyRecord>();
  const copies = new Map<KeyHash, RecordRead>();
  let log: { seq: number; keyId: string | null; version: number }[] = [{ seq: 1, keyId: null, version: 0 }];
  const counts = { rows: 0, copies: 0, logs: 0, puts: 0 };
  const d1: Answers = { trouble: null, delayMs: 0 };
  const kv: Answers = { trouble: null, delayMs: 0 };
  const faults: string[] = [];
  let made = 0;

  const head = () => (log.at(-1) as { seq: number }).seq;

  function answer<T>({ trouble, delayMs }: Answers, say: () => T): Promise<T> {
    if (trouble === "silent") return new Promise(() => undefined);
    return new Promise((resolve, reject) => {
      // What is said was true when it was asked.
      const said = trouble ?? say();
      const end = () => (said instanceof Error ? reject(said) : resolve(said));
      if (delayMs === 0) end();
      else clock.after(delayMs, end);
    });
  }

  const ports = {
    records: {
      readByHash(hash: KeyHash): Promise<PrimaryRead | null> {
        counts.rows += 1;
        return answer(d1, () => {
          const record = rows.get(hash);
          return record === undefined ? null : { record, asOf: head(), copy: { ...record, asOf: head() } as never };
        });
      },
    },
    changes: {
      since(seq: number): Promise<Changes> {
        counts.logs += 1;
        const oldestSeq = (log[0] as { seq: number }).seq;
        return answer(d1, () => ({ oldestSeq, newestSeq: head(), changes: log.filter((line) => line.seq > seq) }));
      },
    },
    copies: {
      get(hash: KeyHash): Promise<RecordRead | null> {
        counts.copies += 1;
        return answer(kv, () => copies.get(hash) ?? null);
      },
      put(hash: KeyHash, copy: KeyCopy): Promise<void> {
        counts.puts += 1;
        return answer(kv, () => {
          const { asOf, ...record } = copy;
          copies.set(hash, { record: record as never, asOf });
        });
      },
    },
  };

  return {
    ...ports,
    counts,
    d1,
    kv,
    faults,
    stored: copies,
    /** A new isolate on this storage. */
    resolver(settings: { cacheSize?: number; staleIfErrorMs?: number } = {}) {
      const onError = (what: string) => faults.push(what);
      const parts = { ...ports, clock, random: () => 0.5, onError };
      return createKeyResolver(parts, { cacheSize: 1_000, staleIfErrorMs: 60_000, ...settings });
    },
    add(changes: Partial<KeyRecord> = {}): KeyHash {
      made += 1;
      const hash = String(made).padStart(64, "0") as KeyHash;
      rows.set(hash, aKey({ id: `key-${made}`, ...changes }));
      return hash;
    },
    /** KV holds the key as it is now. */
    warmUp(hash: KeyHash, asOf = head()): void {
      copies.set(hash, { record: rows.get(hash) as KeyRecord, asOf });
    },
    /** Changes a key in one transaction with its line in the log. */
    change(hash: KeyHash, changes: Partial<KeyRecord>): void {
      const before = rows.get(hash) as KeyRecord;
      const after = { ...before, ...changes, version: before.version + 1 };
      rows.set(hash, after);
      log.push({ seq: head() + 1, keyId: after.id, version: after.version });
    },
    /** A change of everything, as one line. */
    changeAll(): void {
      for (const [hash, record] of rows) rows.set(hash, { ...record, version: record.version + 1 });
      log.push({ seq: head() + 1, keyId: null, version: 0 });
    },
    prune(keep: number): void {
      log = log.slice(-keep);
    },
    /** Puts the database back to an earlier state of a key and its log. */
    restore(hash: KeyHash, record: KeyRecord, place: number): void {
      rows.set(hash, record);
      log = log.filter(({ seq }) => seq <= place);
    },
    head,
    resetCounts(): void {
      Object.assign(counts, { rows: 0, copies: 0, logs: 0, puts: 0 });
    },
  };
}

/** Work behind the answer that nobody waits for. */
export const behind: Background = () => undefined;

export const READ = { fromPrimary: false, allowUnconfirmed: false } as const;
export const FROM_PRIMARY = { fromPrimary: true, allowUnconfirmed: false } as const;
