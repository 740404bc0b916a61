// The primary of the simulation, D1: the keys as they are, the change log, and when each key lost which access.
import type { KeyHash } from "../../src/core/access/principal.ts";
import { ADMIN, VIEWER } from "../../src/core/access/roles.ts";
import type { Change, Changes, PrimaryRead } from "../../src/store/key-cache/ports.ts";
import { decodeRecord, type StoredKey } from "../../src/store/key-cache/record-codec.ts";
import { EPOCH, type Random, type World } from "./world.ts";

export const ACCOUNT = "0f3b1c52-6d0a-4a7e-9c55-2f8f0c1d7a10";

/** Entries of the log are pruned this soon: copies in KV and isolates that are cut off outlive them. */
const LOG_RETENTION_MS = 90_000;

export type Kind = "read" | "change";
export const NARROWINGS = ["revoke", "restrict", "lower the role", "expire earlier", "disable", "rotate"] as const;
export type Narrowing = (typeof NARROWINGS)[number] | "empty the role";

/** The lines that a transaction writes: one for each key, one for the role, or one for everything. */
export const LINES = ["keys", "role", "everything"] as const;
export type Lines = (typeof LINES)[number];

/** Keys that share a custom role, by their number. */
const KEYS_OF_ROLE = 8;

/** The times of the world at which a change was committed, and at which its actor got the response. */
export interface Closing {
  readonly committedAt: number;
  answeredAt: number;
}

const OPEN: Closing = { committedAt: Number.POSITIVE_INFINITY, answeredAt: Number.POSITIVE_INFINITY };

const NOT_SHORTENED = { ...OPEN, expiresAt: Number.POSITIVE_INFINITY };

export interface Key {
  readonly hash: KeyHash;
  row: StoredKey;
  /** By revocation, a list or a role; infinitely far away when that has not happened. */
  readonly closed: Record<Kind, Closing>;
  readonly firstExpiresAt: number | null;
  /** The earlier expiry that a change has set. */
  shortened: Closing & { readonly expiresAt: number };
  wasShortened: boolean;
  /** Its last narrowing is undone by a later change: it was only disabled, or its expiry was moved earlier. */
  undone: "enable" | "expire later" | null;
  /** When it was enabled, or its expiry moved later. */
  reopened: Closing | null;
}

export interface Primary {
  readonly keys: Key[];
  create(): Key;
  /** Narrows some keys in one transaction. */
  narrow(keys: readonly Key[], how: Narrowing, lines: Lines, answeredAt: number): void;
  /** The keys that have the role of one. */
  sharing(key: Key): readonly Key[];
  /** Enables a key, or moves its expiry back, if that undoes what has narrowed it. @returns whether it did */
  widen(key: Key, answeredAt: number): boolean;
  read(hash: KeyHash): PrimaryRead | null;
  since(seq: number): Changes;
}

export function createPrimary(world: World, random: Random): Primary {
  const byHash = new Map<KeyHash, Key>();
  const keys: Key[] = [];
  const log: (Change & { readonly at: number })[] = [{ seq: 1, keyId: null, version: 0, at: 0 }];

  const head = () => (log[log.length - 1] as { seq: number }).seq;

  function write(keyId: string | null, version: number, roleId: string | null = null): void {
    log.push({ seq: head() + 1, keyId, version, roleId, at: world.now });
    while (log.length > 1 && (log[0] as { at: number }).at < world.now - LOG_RETENTION_MS) log.shift();
  }

  return {
    keys,
    create() {
      const id = `key-${keys.length}`;
      const expiresAt = random.happens(0.2) ? EPOCH + Math.floor(world.now + random.between(1_000, 900_000)) : null;
      const key: Key = {
        hash: id.padStart(64, "0") as KeyHash,
        row: newRow(id, expiresAt, keys.length),
        closed: { read: OPEN, change: OPEN },
        firstExpiresAt: expiresAt,
        shortened: NOT_SHORTENED,
        wasShortened: false,
        undone: null,
        reopened: null,
      };
      keys.push(key);
      byHash.set(key.hash, key);
      return key;
    },
    sharing: (key) => keys.filter(({ row }) => row.roleId === key.row.roleId),
    narrow(narrowed, how, lines, answeredAt) {
      const [roleId] = narrowed.map(({ row }) => row.roleId);
      for (const key of narrowed) {
        narrowOne(key, how, { committedAt: world.now, answeredAt }, random);
        if (lines === "keys") write(key.row.id, key.row.version);
      }
      if (lines === "role") write(null, 0, roleId);
      if (lines === "everything") write(null, 0);
    },
    widen(key, answeredAt) {
      const { undone, row } = key;
      // An expired key is not edited.
      if (undone === null || (row.expiresAt !== null && row.expiresAt <= EPOCH + Math.floor(world.now))) return false;
      if (undone === "enable") {
        key.row = { ...row, disabledAt: null, version: row.version + 1 };
        Object.assign(key.closed, { read: OPEN, change: OPEN });
      } else {
        key.row = { ...row, expiresAt: key.firstExpiresAt, version: row.version + 1 };
        key.shortened = NOT_SHORTENED;
      }
      Object.assign(key, { undone: null, reopened: { committedAt: world.now, answeredAt } });
      write(key.row.id, key.row.version);
      return true;
    },
    read(hash) {
      const row = byHash.get(hash)?.row;
      if (row === undefined) return null;
      return {
        record: decodeRecord({ ...row }),
        asOf: head(),
        lacksSigningKeyId: false,
        copy: { ...row, asOf: head() },
      };
    },
    since: (seq) => ({
      oldestSeq: (log[0] as { seq: number }).seq,
      newestSeq: head(),
      changes: log.filter((entry) => entry.seq > seq),
    }),
  };
}

const PERMISSIONS = JSON.stringify(["CLUSTER:READ", "CLUSTER:CREATE"]);

function newRow(id: string, expiresAt: number | null, number: number): StoredKey {
  const group = Math.floor(number / KEYS_OF_ROLE);
  const custom = { roleId: `role-${group}`, roleName: "custom", permissions: PERMISSIONS };
  const role = group % 2 === 0 ? custom : { roleId: ADMIN.id, roleName: ADMIN.displayName, permissions: null };
  const open = { restricted: 0, rules: "[]", revokedAt: null, disabledAt: null, canary: 0, trial: null } as const;
  return { id, accountId: ACCOUNT, name: id, version: 1, ...role, ...open, expiresAt };
}

function narrowOne(key: Key, how: Narrowing, closing: Closing, random: Random): void {
  const now = EPOCH + Math.floor(closing.committedAt);
  const isOpen = key.closed.change === OPEN && key.closed.read === OPEN;
  key.row = { ...key.row, ...changeOf(key, how, now, random), version: key.row.version + 1 };
  if (how === "expire earlier" || how === "rotate") {
    if (key.wasShortened) return;
    key.wasShortened = true;
    key.shortened = { ...closing, expiresAt: key.row.expiresAt as number };
    key.undone = isOpen ? "expire later" : null;
    return;
  }
  key.undone = how === "disable" && isOpen ? "enable" : null;
  // A key that was closed before is not closed anew.
  if (key.closed.change === OPEN) key.closed.change = closing;
  if (how !== "lower the role" && key.closed.read === OPEN) key.closed.read = closing;
}

function changeOf(key: Key, how: Narrowing, now: number, random: Random): Partial<StoredKey> {
  switch (how) {
    case "revoke":
      return { revokedAt: now };
    case "restrict":
      return { restricted: 1, rules: '[["192.0.2.0/24"]]' };
    case "empty the role":
      return { permissions: "[]" };
    case "lower the role":
      // Never a role that allows more than the one before.
      if (key.row.permissions === "[]") return {};
      return { roleId: VIEWER.id, roleName: VIEWER.displayName, permissions: null };
    case "disable":
      return { disabledAt: now };
    case "rotate":
    case "expire earlier":
      // Once for each key, so that there is one time to compare decisions with.
      if (key.wasShortened) return {};
      return { expiresAt: Math.min(now + Math.floor(random.between(0, 30_000)), key.row.expiresAt ?? Infinity) };
  }
}
