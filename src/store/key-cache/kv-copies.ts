// The KV copies of key records: up to a minute or more behind D1, sometimes lost, and used only as far as the change feed
// confirms them. A copy that cannot be decoded counts as missing.
import type { KeyHash } from "../../core/access/principal.ts";
import type { Restrictions } from "../../core/access/restrictions.ts";
import type { KeyCopies, KeyCopy, RecordRead } from "./ports.ts";
import { decodeRecord } from "./record-codec.ts";

/** A copy expires a day after it was written. */
const EXPIRATION_TTL_SECONDS = 86_400;

/** The shortest time that Workers KV can cache a value at the edge. */
const CACHE_TTL_SECONDS = 30;

/** The format that first held each restriction, and the dry run. Add a new one with the next number. */
const HELD_SINCE: Readonly<Record<keyof Restrictions | "dryRun", number>> = { expiresAt: 1, addresses: 1, dryRun: 2 };

const FORMAT = Math.max(...Object.values(HELD_SINCE));

/**
 * The name of a key's copy: its format, and the hash of the key, so that KV holds no secret either.
 *
 * The format is part of the name because isolates of two releases run at the same time during a deployment. An older one
 * writes copies without the newest restriction; under the same name a newer one would read such a copy as unrestricted.
 */
export function copyName(hash: KeyHash): string {
  return `key/v${FORMAT}/${hash}`;
}

/** The copies in a KV namespace. */
export function createKvCopies(kv: KVNamespace): KeyCopies {
  return {
    async get(hash: KeyHash): Promise<RecordRead | null> {
      const copy = await kv.get<Record<string, unknown>>(copyName(hash), { type: "json", cacheTtl: CACHE_TTL_SECONDS });
      if (copy === null || !Number.isSafeInteger(copy.asOf)) return null;
      return { record: decodeRecord(copy), asOf: copy.asOf as number };
    },
    async put(hash: KeyHash, copy: KeyCopy): Promise<void> {
      await kv.put(copyName(hash), JSON.stringify(copy), { expirationTtl: EXPIRATION_TTL_SECONDS });
    },
  };
}
