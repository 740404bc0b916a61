// Encrypts values that D1 stores and nobody who reads D1 may know: AES-256-GCM under keys derived from the key ring.
import { createHmac } from "node:crypto";
import * as base64url from "jose/base64url";
import type { KeyRing } from "./api-key-token.ts";

// Another purpose than signing keys: the derived key encrypts and does nothing else.
const PURPOSE = "gatehouse sealed value 1";
const NONCE_BYTES = 12;

/**
 * Encrypts a text under the newest secret of the ring.
 *
 * @param context what the text belongs to: it can be opened with the same context only, so that no row takes another's
 * @returns the id of the secret, a dot, and the nonce with the ciphertext as base64url
 * @throws Error for a ring without secrets
 */
export async function seal(ring: KeyRing, context: string, text: string): Promise<string> {
  const newest = ring.secrets.get(ring.newest);
  if (newest === undefined) throw new Error("the key ring has no newest secret");
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const key = await keyOf(newest.bytes);
  const ciphertext = new Uint8Array(await crypto.subtle.encrypt(parameters(nonce, context), key, bytesOf(text)));
  return `${newest.id}.${base64url.encode(new Uint8Array([...nonce, ...ciphertext]))}`;
}

/**
 * Decrypts what `seal` has made with the same context.
 *
 * @throws Error when it was changed, belongs to another context, or was made under a secret that the ring does not have
 */
export async function open(ring: KeyRing, context: string, sealed: string): Promise<string> {
  const dot = sealed.indexOf(".");
  const secret = [...ring.secrets.values()].find(({ id }) => id === sealed.slice(0, dot));
  if (secret === undefined) throw new Error("a sealed value was made under a secret that KEY_RING does not have");
  const bytes = base64url.decode(sealed.slice(dot + 1));
  const key = await keyOf(secret.bytes);
  const nonce = bytes.slice(0, NONCE_BYTES);
  const text = await crypto.subtle.decrypt(parameters(nonce, context), key, bytes.slice(NONCE_BYTES));
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(text);
}

/** Whether a value was encrypted under the newest secret of the ring. */
export function isSealedByNewest(ring: KeyRing, sealed: string): boolean {
  return sealed.startsWith(`${ring.secrets.get(ring.newest)?.id}.`);
}

const bytesOf = (text: string) => new TextEncoder().encode(text);

function parameters(iv: Uint8Array, context: string) {
  return { name: "AES-GCM", iv, additionalData: bytesOf(context) };
}

function keyOf(secret: Uint8Array): Promise<CryptoKey> {
  const bytes = new Uint8Array(createHmac("sha256", secret).update(PURPOSE).digest());
  return crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
}
