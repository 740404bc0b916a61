// What one isolate knows of the change log, and which reads of a key are current by it. No I/O and no clock.
import type { KeyRecord } from "../../core/access/principal.ts";
import type { Change, Changes, RecordRead } from "./ports.ts";

/**
 * Changed keys, and changed roles, that are kept by id. Of more, the earlier half is forgotten, and the records from before its
 * last line are not current any more: memory stays bounded, and a flood of changes does not drop every record.
 */
const MAX_KEPT = 10_000;

/** Until this age a read is fresh; for an older one the change feed is read first. */
export const FRESH_FOR_MS = 10_000;

export interface ChangeLog {
  /** The number of the newest line that was applied; 0: none. */
  readonly seq: number;
  /** False until the log was applied for the first time: no copy can be validated yet. */
  readonly initialized: boolean;
  /** Whether no known change supersedes this read, and no unknown one can. */
  isCurrent(read: RecordRead): boolean;
  /** The same for a copy from KV, which may also come from a history that D1 was restored away from. */
  isCopyCurrent(copy: RecordRead): boolean;
  /**
   * When a read that is not current was so for the last time, when only a change of its role has superseded it, and not long ago:
   * it may be served as long as any other that was current then. `null`: it may not be served.
   */
  lastCurrentAt(read: RecordRead): number | null;
  /**
   * Applies what was read after `seq`.
   *
   * @param previousReadAt when the read before this one began, which the changes are later than; -Infinity: unknown
   */
  apply(changes: Changes, previousReadAt: number): Applied;
  /** No read that is not current may be served any more, since the clock was set back. */
  resetTimestamps(): void;
}

export interface Applied {
  /** D1 was restored to an earlier time. */
  readonly isRewound: boolean;
  readonly hasRoleChanges: boolean;
}

/** What is known of a changed role, by which the reads of its keys are superseded. */
interface RoleChange {
  /** The last line. */
  readonly seq: number;
  /** Reads from before this line were current too long ago. */
  readonly settledSeq: number;
  /** When the others were current for the last time. */
  readonly lastCurrentAt: number;
}

interface State {
  seq: number;
  initialized: boolean;
  /** Reads from before this line are not current: changes between them and this line may be unknown here. */
  minSeq: number;
  /** Copies up to this line come from a history that D1 was restored away from. */
  rolledBackSeq: number;
  /** By the key's id, in the order of the lines. */
  minVersions: Map<string, { readonly version: number; readonly seq: number }>;
  /** By the role's id, in that order too. */
  roleChanges: Map<string, RoleChange>;
}

export function createChangeLog(): ChangeLog {
  const state: State = {
    ...{ seq: 0, initialized: false, minSeq: 0, rolledBackSeq: 0 },
    ...{ minVersions: new Map(), roleChanges: new Map() },
  };

  const hasCurrentVersion = ({ record, asOf }: RecordRead) =>
    asOf >= state.minSeq && record.version >= (state.minVersions.get(record.id)?.version ?? 0);

  function isCurrent(read: RecordRead): boolean {
    if (!hasCurrentVersion(read)) return false;
    if (state.roleChanges.size === 0) return true;
    return rolesOf(read.record).every((id) => read.asOf >= (state.roleChanges.get(id)?.seq ?? 0));
  }

  function lastCurrentAt(read: RecordRead): number | null {
    if (!hasCurrentVersion(read)) return null;
    let last = Number.POSITIVE_INFINITY;
    for (const id of rolesOf(read.record)) {
      const change = state.roleChanges.get(id);
      if (change === undefined || read.asOf >= change.seq) continue;
      last = Math.min(last, read.asOf < change.settledSeq ? Number.NEGATIVE_INFINITY : change.lastCurrentAt);
    }
    return last;
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
    lastCurrentAt,
    apply: (changes, previousReadAt) => apply(state, changes, previousReadAt),
    resetTimestamps() {
      for (const [id, change] of state.roleChanges) {
        state.roleChanges.set(id, { ...change, lastCurrentAt: Number.NEGATIVE_INFINITY });
      }
    },
  };
}

function apply(state: State, { oldestSeq, newestSeq, changes }: Changes, previousReadAt: number): Applied {
  const isRewound = newestSeq < state.seq;
  if (isRewound) {
    state.rolledBackSeq = Math.max(state.rolledBackSeq, state.seq);
    dropAllBefore(state, newestSeq);
  } else if (!state.initialized || oldestSeq > state.seq + 1) {
    // The lines between `seq` and `oldestSeq` were pruned; reads from there on miss none of them.
    dropAllBefore(state, oldestSeq - 1);
  }
  // Statements may return lines in any order.
  for (const change of changes.toSorted((a, b) => a.seq - b.seq)) add(state, change, previousReadAt);
  forgetEarlier(state, state.minVersions);
  forgetEarlier(state, state.roleChanges);
  state.seq = newestSeq;
  state.initialized = true;
  return { isRewound, hasRoleChanges: changes.some(({ keyId, roleId }) => keyId === null && Boolean(roleId)) };
}

function add(state: State, { seq, keyId, version, roleId }: Change, previousReadAt: number): void {
  const { minVersions, roleChanges } = state;
  if (keyId !== null) {
    const known = minVersions.get(keyId)?.version ?? 0;
    minVersions.delete(keyId);
    minVersions.set(keyId, { version: Math.max(version, known), seq });
  } else if (roleId) {
    const change = roleChange(roleChanges.get(roleId), seq, previousReadAt);
    roleChanges.delete(roleId);
    roleChanges.set(roleId, change);
  } else {
    // What is read from here on includes every earlier change; after a restore, rows have lower versions than those say.
    dropAllBefore(state, Math.max(state.minSeq, seq));
  }
}

/** Reads between two lines are taken to be as old as those before the first, unless these were current too long ago anyway. */
function roleChange(known: RoleChange | undefined, seq: number, previousReadAt: number): RoleChange {
  if (known === undefined) return { seq, settledSeq: 0, lastCurrentAt: previousReadAt };
  if (previousReadAt < known.lastCurrentAt + FRESH_FOR_MS) return { ...known, seq };
  return { seq, settledSeq: known.seq, lastCurrentAt: previousReadAt };
}

function dropAllBefore(state: State, seq: number): void {
  state.minSeq = seq;
  state.minVersions = new Map();
  state.roleChanges = new Map();
}

/** The roles whose permissions a record holds: the key's own, and that of its dry run. */
function rolesOf({ role, dryRun }: KeyRecord): readonly string[] {
  const other = dryRun?.candidate?.role.id;
  return other === undefined ? [role.id] : [role.id, other];
}

function forgetEarlier(state: State, kept: Map<string, { readonly seq: number }>): void {
  if (kept.size <= MAX_KEPT) return;
  for (const [id, { seq }] of kept) {
    kept.delete(id);
    state.minSeq = Math.max(state.minSeq, seq);
    if (kept.size <= MAX_KEPT / 2) return;
  }
}
