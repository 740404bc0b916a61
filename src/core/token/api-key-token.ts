// The API key as text: minted, parsed, verified against the ring of signing secrets, hashed. Its claims grant nothing:
// access comes from the stored record alone.
import * as base64url from "jose/base64url";
import type { KeyHash, KeyRecord } from "../access/principal.ts";
import { type HmacKey, hmacKey, hmacSha256, sha256Hex } from "./sha256.ts";

/** The `exp` of a key that never expires, in seconds since the epoch, as existing clients expect it. */
export const NEVER_EXPIRES_AT = 4_102_358_400;
/** The same time as they read it in a response. */
export const NEVER_EXPIRES_TEXT = "2099-12-31T00:00Z";

const MAX_TOKEN_LENGTH = 1024;
const MAX_RING_SIZE = 16;
const MIN_SECRET_BYTES = 32;
// `ybm auth` calls a key whose `iat` is ahead of its own clock expired.
const ISSUED_EARLIER_SECONDS = 60;

// Not integer-like: JSON.parse puts such members first, and the last member is the newest secret.
const RING_ID = /^[a-z][a-z0-9-]{0,31}$/;
const BASE64URL = /^(?:[\w-]{4})*(?:[\w-]{2,3})?$/;
// The last character carries four bits of the signature and two zeros. Other spellings of the same bytes are rejected, so
// that a key has only one text.
const PAYLOAD_AND_SIGNATURE = /^[\w-]+\.[\w-]{42}[AEIMQUYcgkosw048]$/;

/** The signing secrets by the header of the keys they sign. A Map, so that JSON.stringify never shows one. */
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

/** A text that has the shape of a key of this ring. Its signature is not verified yet. */
export interface ParsedToken {
  readonly token: string;
  readonly header: string;
  readonly signed: string;
  readonly signature: string;
}

/** What a key says of itself, as it was signed. It grants nothing; a record that is not of this key must not be used for it. */
export interface KeyClaims {
  /** The id of the secret that has signed it. */
  readonly signingKeyId: unknown;
  readonly keyId: unknown;
  readonly accountId: unknown;
  /** Seconds since the epoch; `NEVER_EXPIRES_AT`: never. */
  readonly expiresAt: unknown;
}

/** The claims of a new key. Times are milliseconds since the epoch; `null` is "never". */
export interface MintedKey {
  readonly keyId: string;
  readonly accountId: string;
  readonly expiresAt: number | null;
  readonly now: number;
}

/**
 * Reads the ring of signing secrets: a JSON object of ids and base64url secrets, the newest one last.
 *
 * @returns the ring, or every error in it; errors name members by position, because a secret may be in the place of an id
 */
export function readKeyRing(json: string): { readonly ring: KeyRing } | { readonly errors: readonly string[] } {
  const members = membersOf(json);
  if (members === null) return { errors: ["The key ring must be a JSON object of ids and base64url secrets."] };
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
      errors.push(`Member ${i + 1} of the key ring: its secret is in the ring twice, so neither could be retired.`);
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
  return errors.length === 0 ? { ring: { secrets, newest } } : { errors };
}

/**
 * Mints a key, signed with the newest secret.
 *
 * @returns the token, which is shown once and never stored; its hash, and the id of the secret, which are
 */
export async function mintKey(
  ring: KeyRing,
  key: MintedKey,
): Promise<{ readonly token: string; readonly hash: KeyHash; readonly signingKeyId: string }> {
  const secret = ring.secrets.get(ring.newest);
  if (secret === undefined) throw new Error("the key ring has no newest secret");
  const claims = {
    jti: key.keyId,
    acc: key.accountId,
    iat: Math.floor(key.now / 1000) - ISSUED_EARLIER_SECONDS,
    exp: key.expiresAt === null ? NEVER_EXPIRES_AT : Math.floor(key.expiresAt / 1000),
    // Never stored, so that the database and the secret together still cannot rebuild a key.
    rnd: base64url.encode(crypto.getRandomValues(new Uint8Array(16))),
  };
  // Loaded with the first key that is minted: no other request waits for it.
  const { SignJWT } = await import("jose/jwt/sign");
  const token = await new SignJWT(claims).setProtectedHeader(headerOf(secret.id)).sign(secret.bytes);
  // Better no key than one that the gateway would deny.
  if (parseToken(ring, token) === null) throw new Error("a new key does not have the shape of a key");
  return { token, hash: hashToken(token), signingKeyId: secret.id };
}

/**
 * Parses a text that may be a key, by its shape alone: nothing is decoded, so there is no algorithm, type or key URL that
 * an attacker could choose. Keys of a secret that was removed from the ring are rejected here.
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

/** Whether a secret of the ring has signed a key. Reads no storage, so a flood of forged keys costs little. */
export function verifyToken(ring: KeyRing, read: ParsedToken): boolean {
  const secret = ring.secrets.get(read.header);
  if (secret === undefined) return false;
  const signature = atob(read.signature.replaceAll("-", "+").replaceAll("_", "/"));
  return constantTimeEqual(hmacSha256(secret.hmac, read.signed), signature);
}

/**
 * The claims of a key whose signature was verified.
 *
 * @throws Error when it has none: nothing that this gateway has signed
 */
export function claimsOf(token: string): KeyClaims {
  const [header, { jti, acc, exp }] = token.split(".", 2).map((part) => JSON.parse(decodeText(part))) as [
    Claims,
    Claims,
  ];
  return { signingKeyId: header.kid, keyId: jti, accountId: acc, expiresAt: exp };
}

type Claims = Readonly<Record<string, unknown>>;

const decodeText = (part: string): string => new TextDecoder().decode(base64url.decode(part));

/**
 * Whether a stored record is that of the key with these claims: its id, its account, and no later expiry. A write to storage
 * makes no key another one by it, and gives no key a longer life than it was signed for.
 */
export function isRecordOf(record: Pick<KeyRecord, "id" | "accountId" | "expiresAt">, claims: KeyClaims): boolean {
  const { keyId, accountId, expiresAt } = claims;
  if (record.id !== keyId || record.accountId !== accountId || typeof expiresAt !== "number") return false;
  if (expiresAt === NEVER_EXPIRES_AT) return true;
  return record.expiresAt !== null && Math.floor(record.expiresAt / 1000) <= expiresAt;
}

/** The claims that the key of a record had at most: a later record of it is one of theirs too. */
export function claimsOfRecord({
  id,
  accountId,
  expiresAt,
}: Pick<KeyRecord, "id" | "accountId" | "expiresAt">): KeyClaims {
  const seconds = expiresAt === null ? NEVER_EXPIRES_AT : Math.floor(expiresAt / 1000);
  return { signingKeyId: null, keyId: id, accountId, expiresAt: seconds };
}

/**
 * The hash that a key is stored and found by. Only this function makes a `KeyHash`.
 *
 * @param start where in the text the token begins
 * @throws RangeError for a character beyond U+00FF, which no key has
 */
export function hashToken(text: string, start = 0): KeyHash {
  return sha256Hex(text, start) as KeyHash;
}

/**
 * The hash of a text that begins as a key of this ring. Every cached key was parsed and verified before it was cached, so a
 * text that has the hash of one needs no second look.
 *
 * @param start where in the text the token begins
 * @returns `null` for a text that cannot be a key of the ring
 */
export function hashIfKeyShaped(ring: KeyRing, text: string, start: number): KeyHash | null {
  if (text.length - start > MAX_TOKEN_LENGTH) return null;
  const dot = text.indexOf(".", start);
  if (dot === -1 || !ring.secrets.has(text.slice(start, dot))) return null;
  try {
    return hashToken(text, start);
  } catch {
    // It has a character of more than one byte.
    return null;
  }
}

/** Whether two texts are equal, in a time that depends on nothing but their length. */
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
    // The parser's message quotes its input, which may be a secret.
    return null;
  }
}
