// New secrets of a deployment, and the SQL of its first account and Admin key.
import { exportJWK, generateKeyPair } from "jose";
import { ADMIN } from "../src/core/access/roles.ts";
import { type KeyRing, mintKey, readKeyRing } from "../src/core/token/api-key-token.ts";

/** A key ring with one secret, named after the month so that a rotation is easy to read. */
export function newKeyRing(now: Date): string {
  const secret = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
  return JSON.stringify({ [`k${now.toISOString().slice(0, 7)}`]: secret });
}

/** The key ring of KEY_RING's JSON. @throws Error with everything that is wrong with it */
export function parseKeyRing(text: string): KeyRing {
  const read = readKeyRing(text);
  if ("faults" in read) throw new Error(`KEY_RING cannot be used: ${read.faults.join("; ")}`);
  return read.ring;
}

/** A JWK set with one private Ed25519 key (RFC 8037). */
export async function newIdentityKeys(): Promise<string> {
  const { privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  const kid = Buffer.from(crypto.getRandomValues(new Uint8Array(6))).toString("base64url");
  return JSON.stringify({ keys: [{ ...(await exportJWK(privateKey)), kid, alg: "EdDSA" }] });
}

/** A first account: the statements that make it, and its key, which they do not contain. */
export interface FirstKey {
  readonly sql: string;
  readonly token: string;
  readonly accountId: string;
  readonly keyId: string;
}

/**
 * The first account and its Admin key.
 *
 * @param keyRing the JSON of KEY_RING
 * @throws Error when the ring or the name cannot be used
 */
export async function firstKey(
  keyRing: string,
  accountName: string,
  accountId: string,
  now: number,
): Promise<FirstKey> {
  const ring = parseKeyRing(keyRing);
  if (!/^[\p{L}\p{N}][\p{L}\p{N} ._:@/+()#-]{0,63}$/u.test(accountName)) {
    throw new Error("the account's name takes 1 to 64 letters, digits, spaces and . _ - : @ / + ( ) #");
  }
  const keyId = crypto.randomUUID();
  const { token, hash } = await mintKey(ring, { keyId, accountId, expiresAt: null, now });
  // Every value here is a UUID, a hash, a number, or the name that was just checked: none can hold a quote.
  const sql = `
INSERT INTO accounts (id, name, created_at) VALUES ('${accountId}', '${accountName}', ${now}) ON CONFLICT DO NOTHING;
INSERT INTO api_keys (id, account_id, hash, name, description, role_id, restricted, expire_after_hours, created_at, updated_at, issuer)
VALUES ('${keyId}', '${accountId}', '${hash}', 'bootstrap', 'Made by the bootstrap of this deployment', '${ADMIN.id}', 0, 0, ${now}, ${now}, 'bootstrap');
INSERT INTO audit_events (id, account_id, event_type, resource_type, resource_id, resource_name, actor_type, actor_name, message, created_at)
VALUES ('${crypto.randomUUID()}', '${accountId}', 'CREATE', 'API_KEY', '${keyId}', 'bootstrap', 'SYSTEM', 'bootstrap', 'Create API Key', ${now});
`;
  return { sql, token, accountId, keyId };
}
