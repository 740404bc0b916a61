// Keys derived from the key ring, one for each purpose: what they authenticate is never the signature of an API key.
import { createHmac } from "node:crypto";
import { constantTimeEqual, type KeyRing } from "./api-key-token.ts";

/** Makes and verifies message authentication codes (HMAC-SHA-256, RFC 2104) for one purpose. */
export interface Authenticator {
  /** The id of the ring's newest secret, a dot, and the code of the text under the key derived from it. */
  makeMac(text: string): string;
  /** `unknown_key`: made, or said to be made, under a secret that the ring does not have. */
  checkMac(text: string, mac: string): "good" | "bad" | "unknown_key";
}

/**
 * The authenticator of a purpose.
 *
 * @param purpose another text for each thing that is authenticated; never changed
 * @throws Error for a ring without secrets
 */
export function createAuthenticator(ring: KeyRing, purpose: string): Authenticator {
  const keys = new Map(
    [...ring.secrets.values()].map(({ id, bytes }) => [id, createHmac("sha256", bytes).update(purpose).digest()]),
  );
  const newest = [...keys].at(-1);
  if (newest === undefined) throw new Error("the key ring has no newest secret");
  const [newestId, newestKey] = newest;
  const codeUnder = (key: Uint8Array, text: string) => createHmac("sha256", key).update(text).digest("base64url");
  return {
    makeMac: (text) => `${newestId}.${codeUnder(newestKey, text)}`,
    checkMac(text, mac) {
      const dot = mac.indexOf(".");
      if (dot === -1) return "bad";
      const key = keys.get(mac.slice(0, dot));
      if (key === undefined) return "unknown_key";
      return constantTimeEqual(codeUnder(key, text), mac.slice(dot + 1)) ? "good" : "bad";
    },
  };
}
