// The keys of a run as their clients have them: minted here, since `mintKey` waits for a thread of the machine, not of the world.
import { createHmac } from "node:crypto";
import type { KeyHash } from "../../src/core/access/principal.ts";
import { hashToken, type KeyRing, NEVER_EXPIRES_AT, readKeyRing } from "../../src/core/token/api-key-token.ts";

export const ACCOUNT = "0f3b1c52-6d0a-4a7e-9c55-2f8f0c1d7a10";
export const PROJECT = "6a0a5a0e-55a4-4c8e-8d34-0c1d7e2f3a4b";

export interface Key {
  readonly id: string;
  readonly token: string;
  readonly hash: KeyHash;
}

const SIGNING_KEY_ID = "k1";

export function createRing(): KeyRing {
  const read = readKeyRing(JSON.stringify({ [SIGNING_KEY_ID]: Buffer.alloc(32, 7).toString("base64url") }));
  if ("errors" in read) throw new Error(read.errors.join(" "));
  return read.ring;
}

export const signingKeyId = SIGNING_KEY_ID;

/** Mints a key; `expiresAt` in milliseconds since the epoch, `null`: never. */
export function mint(ring: KeyRing, id: string, expiresAt: number | null): Key {
  const secret = ring.secrets.get(ring.newest);
  if (secret === undefined) throw new Error("the key ring has no newest secret");
  const exp = expiresAt === null ? NEVER_EXPIRES_AT : Math.floor(expiresAt / 1_000);
  const claims = Buffer.from(JSON.stringify({ jti: id, acc: ACCOUNT, iat: 0, exp })).toString("base64url");
  const signed = `${ring.newest}.${claims}`;
  const token = `${signed}.${createHmac("sha256", secret.bytes).update(signed).digest("base64url")}`;
  return { id, token, hash: hashToken(token) };
}
