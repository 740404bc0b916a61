// What KV keeps of the audit log, out of reach of somebody who can write to D1 alone: the signed end of every account's
// chain, which never goes back, and the public halves of the identity keys.
import { type Checkpoint, readSigned, type SigningKey, type VerifyingKey } from "../../core/audit/checkpoint.ts";
import { checkKeyMac, makeKeyMac } from "../../core/audit/event-mac.ts";
import type { KeyRing } from "../../core/token/api-key-token.ts";

/** The name of an account's end in KV is this with its id. The metadata is its JWS, so that a list reads all of them. */
export const HEAD_PREFIX = "audit/head/";
/** The name of a public key in KV is this with its id. */
export const KEY_PREFIX = "audit/key/";

export interface KeptHeads {
  /** The kept end of an account's chain; `null`: none, or none that one of the keys has signed. */
  read(accountId: string, keys: readonly VerifyingKey[]): Promise<Checkpoint | null>;
  /** Whether an end of the account's chain is kept, by whichever key. */
  exists(accountId: string): Promise<boolean>;
  /** Keeps an end, unless a later one is kept. */
  keep(accountId: string, number: number, jws: string): Promise<void>;
  /** The public half of a key that this gateway had. */
  key(kid: string): Promise<SigningKey | null>;
  /** Keeps the public halves of keys. */
  keepKeys(keys: readonly SigningKey[]): Promise<void>;
}

interface Head {
  readonly number: number;
  readonly jws: string;
}

/** A public key with its code. */
export interface KeptKey extends SigningKey {
  readonly mac: string;
}

/** @param ring authenticates the keys: nobody who can write to KV makes one known */
export function createKeptHeads(kv: KVNamespace, ring: KeyRing): KeptHeads {
  const head = (accountId: string) => kv.get<Head>(HEAD_PREFIX + accountId, "json");
  const key = async (kid: string): Promise<SigningKey | null> => {
    const kept = await kv.get<KeptKey>(KEY_PREFIX + kid, "json");
    return kept?.kid === kid && checkKeyMac(ring, kept, kept.mac) ? kept : null;
  };
  return {
    async read(accountId, keys) {
      const kept = await head(accountId);
      const said = kept && (await readSigned("checkpoint", kept.jws, keys));
      return said?.account === accountId ? said : null;
    },
    exists: async (accountId) => (await head(accountId)) !== null,
    async keep(accountId, number, jws) {
      const kept = await head(accountId);
      if (kept !== null && (kept.number > number || kept.jws === jws)) return;
      await kv.put(HEAD_PREFIX + accountId, JSON.stringify({ number, jws }), { metadata: { jws } });
    },
    key,
    async keepKeys(keys) {
      for (const { kty, crv, x, kid } of keys) {
        if ((await key(kid)) !== null) continue;
        const kept: KeptKey = { kty, crv, x, kid, mac: makeKeyMac(ring, { kid, x }) } as KeptKey;
        await kv.put(KEY_PREFIX + kid, JSON.stringify(kept));
      }
    },
  };
}
