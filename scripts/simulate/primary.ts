// The primary of the simulation, D1: the keys as they are, the change log, and when each key lost which access.
import type { KeyHash } from "../../src/core/access/principal.ts";
import { ADMIN, VIEWER } from "../../src/core/access/roles.ts";
import type { Changes, PrimaryRead } from "../../src/store/key-cache/ports.ts";
import { decodeRecord, type StoredKey } from "../../src/store/key-cache/record-codec.ts";
import { EPOCH, type Random, type World } from "./world.ts";

export const ACCOUNT = "0f3b1c52-6d0a-4a7e-9c55-2f8f0c1d7a10";

/** Entries of the log are pruned this soon: copies in KV and isolates that are cut off outlive them. */
const LOG_RETENTION_MS = 90_000;

export type Kind = "read" | "change";
export const NARROWINGS = ["revoke", "restrict", "lower the role", "expire earlier"] as const;
export type Narrowing = (typeof NARROWINGS)[number];

/** The times of the world at which a change was committed, and at which its actor got the response. */
export interface Closing {
  readonly committedAt: number;
  answeredAt: number;
}

const OPEN: Closing = { committedAt: Number.POSITIVE_INFINITY, answeredAt: Number.POSITIVE_INFINITY };

export interface Key {
  readonly hash: KeyHash;
  row: StoredKey;
  /** By revocation, a list or a role; infinitely far away when that has not happened. */
  readonly closed: Record<Kind, Closing>;
  readonly firstExpiresAt: number | null;
  /** The earlier expiry that a change has set. */
  shortened: Closing & { readonly expiresAt: number };
}

export interface Primary {
  readonly keys: Key[];
  create(): Key;
  /** Narrows some keys in one transaction. `asEpoch`: as one log entry that invalidates everything. */
  narrow(keys: readonly Key[], how: Narrowing, asEpoch: boolean, answeredAt: number): void;
  read(hash: KeyHash): PrimaryRead | null;
  since(seq: number): Changes;
}

export function createPrimary(world: World, random: Random): Primary {
  const byHash = new Map<KeyHash, Key>();
  const keys: Key[] = [];
  const log = [{ seq: 1, keyId: null as string | null, version: 0, at: 0 }];

  const head = () => (log[log.length - 1] as { seq: number }).seq;

  function write(keyId: string | null, version: number): void {
    log.push({ seq: head() + 1, keyId, version, at: world.now });
    while (log.length > 1 && (log[0] as { at: number }).at < world.now - LOG_RETENTION_MS) log.shift();
  }

  return {
    keys,
    create() {
      const id = `key-${keys.length}`;
      const expiresAt = random.happens(0.2) ? EPOCH + Math.floor(world.now + random.between(1_000, 900_000)) : null;
      const key: Key = {
        hash: id.padStart(64, "0") as KeyHash,
        row: newRow(id, expiresAt),
        closed: { read: OPEN, change: OPEN },
        firstExpiresAt: expiresAt,
        shortened: { ...OPEN, expiresAt: Number.POSITIVE_INFINITY },
      };
      keys.push(key);
      byHash.set(key.hash, key);
      return key;
    },
    narrow(narrowed, how, asEpoch, answeredAt) {
      for (const key of narrowed) {
        narrowOne(key, how, { committedAt: world.now, answeredAt }, random);
        if (!asEpoch) write(key.row.id, key.row.version);
      }
      if (asEpoch) write(null, 0);
    },
    read(hash) {
      const row = byHash.get(hash)?.row;
      if (row === undefined) return null;
      return { record: decodeRecord({ ...row }), asOf: head(), copy: { ...row, asOf: head() } };
    },
    since: (seq) => ({
      oldestSeq: (log[0] as { seq: number }).seq,
      newestSeq: head(),
      changes: log.filter((entry) => entry.seq > seq),
    }),
  };
}

function newRow(id: string, expiresAt: number | null): StoredKey {
  const role = { roleId: ADMIN.id, roleName: ADMIN.displayName, permissions: null };
  const open = { restricted: 0, rules: "[]", revokedAt: null, trial: null } as const;
  return { id, accountId: ACCOUNT, name: id, version: 1, ...role, ...open, expiresAt };
}

function narrowOne(key: Key, how: Narrowing, closing: Closing, random: Random): void {
  const now = EPOCH + Math.floor(closing.committedAt);
  key.row = { ...key.row, ...changeOf(key, how, now, random), version: key.row.version + 1 };
  if (how === "expire earlier") {
    if (!isShortened(key)) key.shortened = { ...closing, expiresAt: key.row.expiresAt as number };
    return;
  }
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
    case "lower the role":
      return { roleId: VIEWER.id, roleName: VIEWER.displayName };
    case "expire earlier":
      // Once for each key, so that there is one time to compare decisions with.
      if (isShortened(key)) return {};
      return { expiresAt: Math.min(now + Math.floor(random.between(0, 30_000)), key.row.expiresAt ?? Infinity) };
  }
}

function isShortened({ shortened }: Key): boolean {
  return shortened.committedAt !== Number.POSITIVE_INFINITY;
}
