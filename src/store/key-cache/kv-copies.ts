// The KV copies of key records: up to a minute or more behind D1, sometimes lost, and used only as far as the change feed
// confirms them. A copy that cannot be decoded, or that this gateway has not written under this name, counts as missing.
import type { KeyHash } from "../../core/access/principal.ts";
import type { Restrictions } from "../../core/access/restrictions.ts";
import type { KeyRing } from "../../core/token/api-key-token.ts";
import { lazy } from "../lib/lazy.ts";
import { withinWindow } from "../lib/timeouts.ts";
import type { KeyCopies, KeyCopy, RecordRead } from "./ports.ts";
import { decodeRecord } from "./record-codec.ts";

/** A copy expires a day after it was written. */
const EXPIRATION_TTL_SECONDS = 86_400;

/** The shortest time that Workers KV can cache a value at the edge. */
const CACHE_TTL_SECONDS = 30;

/**
 * The format that first held each restriction, the dry run, the code, whether the key is disabled, and whether it is a canary. Add a
 * new one with the next number.
 */
const HELD_SINCE: Readonly<Record<keyof Restrictions | "dryRun" | "mac" | "disabledAt" | "canary", number>> = {
  ...{ expiresAt: 1, addresses: 1, dryRun: 2, mac: 3, disabledAt: 4, canary: 5 },
};

const PURPOSE = "gatehouse key copy 1";

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

/**
 * The copies in a KV namespace. A value is a message authentication code, a blank, and the copy as JSON: the code covers the name
 * and the copy, so that a copy is good for its own key only, and nobody without the key ring can write one.
 */
export function createKvCopies(kv: KVNamespace, ring: KeyRing): KeyCopies {
  // node:crypto is loaded with the first copy, not while the isolate starts.
  const authenticator = lazy(async () =>
    (await import("../../core/token/derived-keys.ts")).createAuthenticator(ring, PURPOSE),
  );
  return {
    async get(hash: KeyHash): Promise<RecordRead | null> {
      const name = copyName(hash);
      const value = await kv.get(name, { type: "text", cacheTtl: CACHE_TTL_SECONDS });
      if (value === null) return null;
      const end = value.indexOf(" ");
      const json = value.slice(end + 1);
      const verdict = (await authenticator()).checkMac(name + json, value.slice(0, end));
      // Written under a secret that has left the ring since.
      if (verdict === "unknown_key") return null;
      if (verdict === "bad") throw new Error("a copy in KV was not written by this gateway");
      const copy = JSON.parse(json) as Record<string, unknown>;
      if (!Number.isSafeInteger(copy.asOf)) return null;
      return { record: decodeRecord(copy), asOf: copy.asOf as number };
    },
    async put(hash: KeyHash, copy: KeyCopy): Promise<boolean> {
      const [name, json] = [copyName(hash), JSON.stringify(copy)];
      await kv.put(name, `${(await authenticator()).makeMac(name + json)} ${json}`, {
        expirationTtl: EXPIRATION_TTL_SECONDS,
      });
      return true;
    },
  };
}

/** Workers KV accepts one write of a name in a second: https://developers.cloudflare.com/kv/platform/limits/ */
const WRITE_INTERVAL_MS = 1_000;

/** The same copies, of which this isolate writes each at most once a second. */
export function limitWrites(copies: KeyCopies, now: () => number): KeyCopies {
  // In the order of their writes, since a name is deleted before it is set again.
  const writtenAt = new Map<KeyHash, number>();
  return {
    get: copies.get,
    async put(hash, copy) {
      const time = now();
      for (const [written, at] of writtenAt) {
        if (withinWindow(time, at, WRITE_INTERVAL_MS)) break;
        writtenAt.delete(written);
      }
      if (withinWindow(time, writtenAt.get(hash) ?? Number.NEGATIVE_INFINITY, WRITE_INTERVAL_MS)) return false;
      writtenAt.delete(hash);
      writtenAt.set(hash, time);
      try {
        return await copies.put(hash, copy);
      } catch (error) {
        writtenAt.delete(hash);
        throw error;
      }
    },
  };
}
