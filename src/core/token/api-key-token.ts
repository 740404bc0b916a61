// The API key as text: made, read, checked against the ring of signing secrets, hashed. Knows nothing of records: what a
// key may do is never read from its claims.
import * as base64url from "jose/base64url";
import type { KeyHash } from "../access/principal.ts";
import { type HmacKey, hmacKey, hmacSha256, sha256Hex } from "./sha256.ts";

/** What "never" is written as in the `exp` of a key, in seconds, as Aeon does it. */
export const NEVER_EXPIRES_AT = 4_102_358_400;
/** The same instant as Aeon's clients read it in an answer. */
export const NEVER_EXPIRES_TEXT = "2099-12-31T00:00Z";

const MAX_TOKEN_LENGTH = 1024;
const MAX_RING_SIZE = 16;
const MIN_SECRET_BYTES = 32;
// `ybm auth` calls a key whose `iat` is ahead of its own clock expired.
const ISSUED_EARLIER_SECONDS = 60;

// Not integer-like: JSON.parse puts such members first, and the order says which secret is the newest.
const RING_ID = /^[a-z][a-z0-9-]{0,31}$/;
const BASE64URL = /^(?:[\w-]{4})*(?:[\w-]{2,3})?$/;
// The last character carries four bits of the signature and two zeros; other spellings of the same bytes are refused,
// so that no key has two texts.
const PAYLOAD_AND_SIGNATURE = /^[\w-]+\.[\w-]{42}[AEIMQUYcgkosw048]$/;

/** The signing secrets by the header of the keys they sign. A Map, so that no JSON.stringify ever shows one. */
export interface KeyRing {
  readonly secrets: ReadonlyMap<string, RingSecret>;
  /** The header of new keys. */
  readonly newest: string;
}

interface RingSecret {
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly hmac: HmacKey;
}

/** A text that has the shape of a key of ours, whose signature nobody has looked at yet. */
export interface ParsedToken {
  readonly token: string;
  readonly header: string;
  readonly signed: string;
  readonly signature: string;
}

/** What a new key says of itself; instants in milliseconds since the epoch, `null` is "never". */
export interface MintedKey {
  readonly keyId: string;
  readonly accountId: string;
  readonly expiresAt: number | null;
  readonly now: number;
}

/**
 * Reads the ring of signing secrets: a JSON object of ids and base64url secrets, the newest one last.
 *
 * @returns the ring, or every fault of it; members are named by position, because a secret may stand where an id belongs
 */
export function readKeyRing(json: string): { readonly ring: KeyRing } | { readonly faults: readonly string[] } {
  const members = membersOf(json);
  if (members === null) return { faults: ["The key ring must be a JSON object of ids and base64url secrets."] };
  const errors: string[] = [];
  if (members.length === 0) errors.push("The key ring must have at least one member.");
  if (members.length > MAX_RING_SIZE) errors.push(`The key ring must have at most ${MAX_RING_SIZE} members.`);
  const secrets = new Map<string, RingSecret>();
  const seen = new Set<unknown>();
  let newest = "";
  for (const [i, [id, secret]] of members.entries()) {
    const before = errors.length;
    if (!RING_ID.test(id)) {
      errors.push(`Member ${i + 1} of the key ring: an id has 1 to 32 of a-z, 0-9 and "-", and starts with a letter.`);
    }
    const bytes = typeof secret === "string" && BASE64URL.test(secret) ? base64url.decode(secret) : null;
    if (bytes === null || bytes.length < MIN_SECRET_BYTES) {
      errors.push(`Member ${i + 1} of the key ring: a secret is base64url of at least ${MIN_SECRET_BYTES} bytes.`);
    } else if (seen.has(secret)) {
      errors.push(`Member ${i + 1} of the key ring: its secret stands there twice, so neither could be retired.`);
    }
    seen.add(secret);
    if (bytes === null || errors.length > before) continue;
    newest = base64url.encode(JSON.stringify(headerOf(id)));
    secrets.set(newest, { id, bytes, hmac: hmacKey(bytes) });
  }
  // JSON.parse keeps one of two members of the same name. No id and no secret has a colon, so colons count members.
  if (errors.length === 0 && json.split(":").length - 1 !== members.length) {
    errors.push("The key ring must not name an id twice.");
  }
  return errors.length === 0 ? { ring: { secrets, newest } } : { faults: errors };
}

/** Makes a key, signed with the newest secret. The token is shown once and kept nowhere; its hash is what is stored. */
export async function mintKey(
  ring: KeyRing,
  key: MintedKey,
): Promise<{ readonly token: string; readonly hash: KeyHash }> {
  const secret = ring.secrets.get(ring.newest);
  if (secret === undefined) throw new Error("the key ring has no newest secret");
  const claims = {
    jti: key.keyId,
    acc: key.accountId,
    iat: Math.floor(key.now / 1000) - ISSUED_EARLIER_SECONDS,
    exp: key.expiresAt === null ? NEVER_EXPIRES_AT : Math.floor(key.expiresAt / 1000),
    // Stored nowhere, so that the database and the secret together still cannot rebuild a key.
    rnd: base64url.encode(crypto.getRandomValues(new Uint8Array(16))),
  };
  // Loaded with the first key that is made: no other call has to wait for it to be evaluated.
  const { SignJWT } = await import("jose/jwt/sign");
  const token = await new SignJWT(claims).setProtectedHeader(headerOf(secret.id)).sign(secret.bytes);
  // Better no key than one that the door would refuse.
  if (parseToken(ring, token) === null) throw new Error("a new key does not have the shape of a key");
  return { token, hash: hashToken(token) };
}

/**
 * Reads a text that may be a key, by its shape alone: nothing is decoded, so there is no algorithm, type or key URL to
 * be confused by. A secret that was taken out of the ring no longer has a header here, so its keys end at this point;
 * call it before a remembered key is looked up.
 */
export function parseToken(ring: KeyRing, text: string): ParsedToken | null {
  if (text.length > MAX_TOKEN_LENGTH) return null;
  const dot = text.indexOf(".");
  if (dot === -1) return null;
  const header = text.slice(0, dot);
  if (!ring.secrets.has(header) || !PAYLOAD_AND_SIGNATURE.test(text.slice(dot + 1))) return null;
  const end = text.length - 44;
  return { token: text, header, signed: text.slice(0, end), signature: text.slice(end + 1) };
}

/** Whether a secret of the ring has signed a key. Needs no storage, so a flood of forged keys costs little. */
export function verifyToken(ring: KeyRing, read: ParsedToken): boolean {
  const secret = ring.secrets.get(read.header);
  if (secret === undefined) return false;
  const signature = atob(read.signature.replaceAll("-", "+").replaceAll("_", "/"));
  return constantTimeEqual(hmacSha256(secret.hmac, read.signed), signature);
}

/**
 * What a key is stored and found by. The only maker of a `KeyHash`.
 *
 * @param start where in the text the token begins
 */
export function hashToken(text: string, start = 0): KeyHash {
  return sha256Hex(text, start) as KeyHash;
}

/**
 * The hash that a text would be found by, were it a key of this ring. Whatever is remembered begins as this looks for, so a
 * text is looked up before anybody reads the rest of it.
 *
 * @param start where in the text the token begins
 * @returns `null` for a text that is no key of the ring, whatever stands behind its beginning
 */
export function hashIfKeyShaped(ring: KeyRing, text: string, start: number): KeyHash | null {
  if (text.length - start > MAX_TOKEN_LENGTH) return null;
  const dot = text.indexOf(".", start);
  if (dot === -1 || !ring.secrets.has(text.slice(start, dot))) return null;
  try {
    return hashToken(text, start);
  } catch {
    // It has characters of more than one byte, and no key of ours has.
    return null;
  }
}

/** Whether two texts are equal, in a time that tells nothing but their length. */
export function constantTimeEqual(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

/** The protected header; the order of its members is part of the format. */
export function headerOf(kid: string): { alg: "HS256"; typ: string; kid: string } {
  return { alg: "HS256", typ: "gatehouse-key+jwt", kid };
}

function membersOf(json: string): [string, unknown][] | null {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : null;
  } catch {
    // The parser's message quotes its input.
    return null;
  }
}
