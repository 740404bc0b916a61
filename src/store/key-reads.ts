// The reads of one isolate: a row from D1, a copy from KV. Each within its budget; one at a time where a call needs no
// more than a recent answer.
import type { KeyHash } from "../core/key.ts";
import { type Breaker, type Clock, within } from "./budget.ts";
import { createFlights } from "./flights.ts";
import type { Background, KeyTruth, TrueReading, WarmKeys } from "./ports.ts";
import { type Entry, entryOfCopy, entryOfTruth, type Recollection } from "./recollection.ts";

const KV_BUDGET_MS = 75;
const TRUTH_BUDGET_MS = 1_000;

export interface KeyReads {
  /** What the row says now; joins nobody else's read. */
  row(hash: KeyHash): Promise<Entry>;
  /** The same for many calls at once, and KV is told behind the answer. `notBefore` as for `Flights.join`. */
  rowOnce(hash: KeyHash, background: Background, notBefore: number): Promise<Entry>;
  /** The copy in KV, or `null`: late, broken or unreadable, it counts as none. Never rejects. */
  copy(hash: KeyHash, background: Background): Promise<Entry | null>;
  /** The clock was set back: nobody joins what is under way. */
  startOver(): void;
}

export interface KeyReadsParts {
  readonly truth: KeyTruth;
  readonly warm: WarmKeys;
  readonly breaker: Breaker;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onFault: (what: string, error: unknown) => void;
  readonly known: Recollection;
}

/** The reads of one isolate; what D1 says is remembered. */
export function createKeyReads(parts: KeyReadsParts): KeyReads {
  const { truth, warm, clock, known } = parts;
  const rows = createFlights<KeyHash, Entry>(clock, TRUTH_BUDGET_MS);
  const copies = createFlights<KeyHash, Entry | null>(clock, KV_BUDGET_MS);

  async function readRow(hash: KeyHash, onRead: (reading: TrueReading) => void): Promise<Entry> {
    const askedAt = clock.now();
    const reading = await parts.breaker.ask(TRUTH_BUDGET_MS, "the key's row", () => truth.readByHash(hash));
    const entry = entryOfTruth(reading, askedAt, parts.random);
    known.put(hash, entry, clock.now());
    if (reading !== null) onRead(reading);
    return entry;
  }

  async function readCopy(hash: KeyHash): Promise<Entry | null> {
    try {
      const reading = await within(clock, KV_BUDGET_MS, "KV", warm.get(hash));
      return reading === null ? null : entryOfCopy(reading, clock.now(), parts.random);
    } catch (error) {
      parts.onFault("kv_read", error);
      return null;
    }
  }

  async function tellKv(hash: KeyHash, reading: TrueReading): Promise<void> {
    try {
      await warm.put(hash, reading.copy);
    } catch (error) {
      parts.onFault("kv_write", error);
    }
  }

  return {
    row: (hash) => readRow(hash, () => undefined),
    rowOnce: (hash, background, notBefore) =>
      rows.join(hash, background, notBefore, () => readRow(hash, (reading) => background(tellKv(hash, reading)))),
    copy: (hash, background) => copies.join(hash, background, Number.NEGATIVE_INFINITY, () => readCopy(hash)),
    startOver() {
      rows.clear();
      copies.clear();
    },
  };
}
