// SHA-256 and HMAC-SHA256 (FIPS 180-4, RFC 2104), synchronous, over text of single-byte characters: the native digest is
// a promise, and that of node:crypto native objects, whose garbage costs more than this arithmetic (docs/decisions/0006).

/** A secret that is ready to authenticate: the states of SHA-256 behind its inner and its outer pad. */
export interface HmacKey {
  readonly inner: Int32Array;
  readonly outer: Int32Array;
}

const BLOCK_BYTES = 64;
const HEX_DIGITS = "0123456789abcdef";
const INITIAL = constants(8, 1 / 2);
const ROUNDS = constants(64, 1 / 3);

// Scratch, so that a digest leaves no garbage but its result; safe to share because nothing here waits.
const schedule = new Int32Array(64);
const state = new Int32Array(8);
const hex = new Array<number>(64).fill(0);

/**
 * SHA-256 as 64 lower-case hexadecimal digits.
 *
 * @param text characters up to U+00FF, one byte each
 * @param start where in the text to begin, so that no slice of it has to be made
 * @throws RangeError for any other character, rather than to give two texts one digest
 */
export function sha256Hex(text: string, start = 0): string {
  digest(INITIAL, 0, text, start);
  for (let i = 0; i < 64; i++) hex[i] = HEX_DIGITS.charCodeAt((word(state, i >> 3) >>> (28 - 4 * (i & 7))) & 15);
  return String.fromCharCode(...hex);
}

/** Prepares a secret of any length for `hmacSha256`. */
export function hmacKey(secret: Uint8Array): HmacKey {
  const text = String.fromCharCode(...secret);
  const key = text.length > BLOCK_BYTES ? digestText(INITIAL, 0, text) : text;
  const pad = (mask: number): Int32Array => {
    state.set(INITIAL);
    let block = "";
    for (let i = 0; i < BLOCK_BYTES; i++) block += String.fromCharCode((i < key.length ? key.charCodeAt(i) : 0) ^ mask);
    loadBlock(block, 0);
    compress();
    return state.slice();
  };
  return { inner: pad(0x36), outer: pad(0x5c) };
}

/**
 * HMAC-SHA256 of a text, as 32 characters of one byte each.
 *
 * @throws RangeError for a character beyond U+00FF
 */
export function hmacSha256(key: HmacKey, text: string): string {
  return digestText(key.outer, BLOCK_BYTES, digestText(key.inner, BLOCK_BYTES, text));
}

function digestText(from: Int32Array, before: number, text: string): string {
  digest(from, before, text);
  const bytes: number[] = [];
  for (let i = 0; i < 32; i++) bytes.push((word(state, i >> 2) >>> (24 - 8 * (i & 3))) & 255);
  return String.fromCharCode(...bytes);
}

/** Leaves the digest of a text, from `start` on, in `state`; `from` is the state that `before` earlier bytes led to. */
function digest(from: Int32Array, before: number, text: string, start = 0): void {
  state.set(from);
  const end = text.length;
  const length = end - start;
  const tail = end - (length % BLOCK_BYTES);
  let seen = 0;
  for (let at = start; at < tail; at += BLOCK_BYTES) {
    seen |= loadBlock(text, at);
    compress();
  }
  schedule.fill(0, 0, 16);
  for (let at = tail; at < end; at++) {
    const code = text.charCodeAt(at);
    seen |= code;
    put(at - tail, code);
  }
  if (seen > 0xff) throw new RangeError("SHA-256 is taken of single-byte characters only");
  put(end - tail, 0x80);
  if (end - tail >= BLOCK_BYTES - 8) {
    compress();
    schedule.fill(0, 0, 16);
  }
  const bits = (before + length) * 8;
  schedule[14] = Math.floor(bits / 0x1_0000_0000);
  schedule[15] = bits;
  compress();
}

function put(at: number, byte: number): void {
  schedule[at >> 2] = (schedule[at >> 2] as number) | (byte << (24 - 8 * (at & 3)));
}

function loadBlock(text: string, at: number): number {
  let seen = 0;
  for (let i = 0; i < 16; i++) {
    const p = at + i * 4;
    const a = text.charCodeAt(p);
    const b = text.charCodeAt(p + 1);
    const c = text.charCodeAt(p + 2);
    const d = text.charCodeAt(p + 3);
    seen |= a | b | c | d;
    schedule[i] = (a << 24) | (b << 16) | (c << 8) | d;
  }
  return seen;
}

/** One round of FIPS 180-4, section 6.2.2, over the block in `schedule`. */
function compress(): void {
  const w = schedule;
  for (let t = 16; t < 64; t++) {
    const x = w[t - 15] as number;
    const y = w[t - 2] as number;
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[t] = (w[t - 16] as number) + s0 + (w[t - 7] as number) + s1;
  }
  let a = state[0] as number;
  let b = state[1] as number;
  let c = state[2] as number;
  let d = state[3] as number;
  let e = state[4] as number;
  let f = state[5] as number;
  let g = state[6] as number;
  let h = state[7] as number;
  for (let t = 0; t < 64; t++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + (g ^ (e & (f ^ g))) + (ROUNDS[t] as number) + (w[t] as number)) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) | (c & (a | b)))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] = (state[0] as number) + a;
  state[1] = (state[1] as number) + b;
  state[2] = (state[2] as number) + c;
  state[3] = (state[3] as number) + d;
  state[4] = (state[4] as number) + e;
  state[5] = (state[5] as number) + f;
  state[6] = (state[6] as number) + g;
  state[7] = (state[7] as number) + h;
}

function word(words: Int32Array, i: number): number {
  return (words[i] as number) >>> 0;
}

/** FIPS 180-4, sections 4.2.2 and 5.3.3: the first 32 bits of the fractions of roots of the first primes. */
function constants(count: number, power: number): Int32Array {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
    if (prime) found.push((n ** power % 1) * 0x1_0000_0000);
  }
  return Int32Array.from(found, (value) => value | 0);
}
