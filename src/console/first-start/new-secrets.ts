// New secrets of a deployment, by the Web Cryptography API alone: for the first-start page in a browser, and for the scripts.

/** A key ring with one secret, named after the month, so that a rotation is easy to read. */
export function newKeyRing(now: Date): string {
  return JSON.stringify({ [`k${now.toISOString().slice(0, 7)}`]: randomText(32) });
}

/**
 * A JWK set with one private Ed25519 key (RFC 8037).
 *
 * @throws DOMException with the name NotSupportedError when the browser does not implement Ed25519
 */
export async function newIdentityKeys(): Promise<string> {
  const pair = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
  const { kty, crv, x, d } = await crypto.subtle.exportKey("jwk", pair.privateKey);
  return JSON.stringify({ keys: [{ kty, crv, x, d, kid: randomText(6), alg: "EdDSA" }] });
}

/** So many random bytes as base64url (RFC 4648 section 5). */
function randomText(bytes: number): string {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  return btoa(String.fromCharCode(...random))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}
