// Whether a client holds the signing secrets of this deployment, which only its operator can.
import * as base64url from "jose/base64url";
import { type KeyRing, readKeyRing } from "./api-key-token.ts";

/**
 * Whether a text is this key ring: the same ids and secrets in the same order, whatever its white space.
 *
 * @param submitted the JSON of a key ring
 * @returns false for another ring and for any other text; the time it takes does not depend on the secrets
 */
export async function isSameKeyRing(ring: KeyRing, submitted: string): Promise<boolean> {
  const read = readKeyRing(submitted);
  if ("errors" in read) return false;
  // Digests have the same length, and a client cannot choose their bytes.
  const [one, other] = await Promise.all([digestOf(ring), digestOf(read.ring)]);
  return one.reduce((difference, byte, i) => difference | (byte ^ (other[i] ?? 0)), 0) === 0;
}

async function digestOf({ secrets }: KeyRing): Promise<Uint8Array> {
  const members = [...secrets.values()].map(({ id, bytes }) => [id, base64url.encode(bytes)]);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(members))));
}
