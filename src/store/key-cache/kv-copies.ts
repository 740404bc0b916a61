// The warm copy in Workers KV: late by up to a minute or more, now and then lost, and believed only as far as the
// change feed vouches for it. A copy that cannot be read counts as none.
import type { KeyHash } from "../../core/access/principal.ts";
import type { KeyCopies, KeyCopy, RecordRead } from "./ports.ts";
import { decodeRecord } from "./record-codec.ts";

/** A copy goes away by itself a day after it was written. */
const EXPIRATION_TTL_SECONDS = 86_400;

/** KV keeps a hot copy at the edge at least this long, the least that Workers KV takes. */
const CACHE_TTL_SECONDS = 30;

/** The name under which a key's copy lies: its hash, so that KV knows no secret either. */
export function copyName(hash: KeyHash): string {
  return `key/${hash}`;
}

/** The warm copies in a KV namespace. */
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
