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

export function createChangeLog(): ChangeLog {
  let seq = 0;
  let initialized = false;
  /** Reads from before this line are not current: changes between them and this line may be unknown here. */
  let minSeq = 0;
  /** Copies up to this line come from a history that D1 was restored away from. */
  let rolledBackSeq = 0;
  let minVersions = new Map<string, number>();

  function dropAllBefore(line: number): void {
    minSeq = line;
    minVersions = new Map();
  }

  function isCurrent({ record, asOf }: RecordRead): boolean {
    return asOf >= minSeq && record.version >= (minVersions.get(record.id) ?? 0);
  }

  return {
    get seq() {
      return seq;
    },
    get initialized() {
      return initialized;
    },
    isCurrent,
    isCopyCurrent: (copy) => initialized && copy.asOf > rolledBackSeq && isCurrent(copy),
    apply({ oldestSeq, newestSeq, changes }) {
      const isRewound = newestSeq < seq;
      if (isRewound) {
        rolledBackSeq = Math.max(rolledBackSeq, seq);
        dropAllBefore(newestSeq);
      } else if (!initialized || oldestSeq > seq + 1) {
        // The lines between `seq` and `oldestSeq` were pruned; reads from there on miss none of them.
        dropAllBefore(oldestSeq - 1);
      }
      for (const { seq: line, keyId, version } of changes) {
        if (keyId === null) minSeq = Math.max(minSeq, line);
        else minVersions.set(keyId, Math.max(version, minVersions.get(keyId) ?? 0));
      }
      if (minVersions.size > MAX_KEYS) dropAllBefore(newestSeq);
      seq = newestSeq;
      initialized = true;
      return isRewound;
    },
  };
}
