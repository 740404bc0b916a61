// What one isolate knows of the change log, and which reads of a key are current by it. No I/O and no clock.
import type { Changes, RecordRead } from "./ports.ts";

/** Changed keys that are kept by id; of more, everything older is dropped instead, so that memory stays bounded. */
const MAX_KEYS = 10_000;

export interface ChangeLog {
  /** The number of the newest line that was applied; 0: none. */
  readonly seq: number;
  /** False until the log was applied for the first time: no copy can be validated yet. */
  readonly initialized: boolean;
  /** Whether no known change supersedes this read, and no unknown one can. */
  isCurrent(read: RecordRead): boolean;
  /** The same for a copy from KV, which may also come from a history that D1 was restored away from. */
  isCopyCurrent(copy: RecordRead): boolean;
  /** Applies what was read after `seq`; returns true when the log was rewound: D1 was restored to an earlier time. */
  apply(changes: Changes): boolean;
}

interface State {
  seq: number;
  initialized: boolean;
  /** Reads from before this line are not current: changes between them and this line may be unknown here. */
  minSeq: number;
  /** Copies up to this line come from a history that D1 was restored away from. */
  rolledBackSeq: number;
  minVersions: Map<string, number>;
}

export function createChangeLog(): ChangeLog {
  const state: State = { seq: 0, initialized: false, minSeq: 0, rolledBackSeq: 0, minVersions: new Map() };

  function isCurrent({ record, asOf }: RecordRead): boolean {
    return asOf >= state.minSeq && record.version >= (state.minVersions.get(record.id) ?? 0);
  }

  return {
    get seq() {
      return state.seq;
    },
    get initialized() {
      return state.initialized;
    },
    isCurrent,
    isCopyCurrent: (copy) => state.initialized && copy.asOf > state.rolledBackSeq && isCurrent(copy),
    apply: (changes) => apply(state, changes),
  };
}

function apply(state: State, { oldestSeq, newestSeq, changes }: Changes): boolean {
  const isRewound = newestSeq < state.seq;
  if (isRewound) {
    state.rolledBackSeq = Math.max(state.rolledBackSeq, state.seq);
    dropAllBefore(state, newestSeq);
  } else if (!state.initialized || oldestSeq > state.seq + 1) {
    // The lines between `seq` and `oldestSeq` were pruned; reads from there on miss none of them.
    dropAllBefore(state, oldestSeq - 1);
  }
  for (const { seq, keyId, version } of changes) {
    if (keyId === null) state.minSeq = Math.max(state.minSeq, seq);
    else state.minVersions.set(keyId, Math.max(version, state.minVersions.get(keyId) ?? 0));
  }
  if (state.minVersions.size > MAX_KEYS) dropAllBefore(state, newestSeq);
  state.seq = newestSeq;
  state.initialized = true;
  return isRewound;
}

function dropAllBefore(state: State, seq: number): void {
  state.minSeq = seq;
  state.minVersions = new Map();
}
