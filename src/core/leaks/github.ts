// The signatures of GitHub's secret scanning partner program: ECDSA with P-256 and SHA-256 over the raw body.

/** A public key of GitHub. */
export interface GithubKey {
  readonly key_identifier: string;
  /** SubjectPublicKeyInfo in PEM. */
  readonly key: string;
  readonly is_current: boolean;
}

const HALF = 32;

/**
 * Whether a key has signed a body.
 *
 * @param signature base64 of a DER sequence (RFC 3279 section 2.2.3)
 */
export async function verifyGithubSignature(key: GithubKey, signature: string, body: Uint8Array): Promise<boolean> {
  const raw = rawSignature(signature);
  if (raw === null) return false;
  const spki = bytesOf(key.key.replace(/-----[A-Z ]+-----|\s/g, ""));
  if (spki === null) return false;
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const imported = await crypto.subtle.importKey("spki", spki, algorithm, false, ["verify"]);
  return crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, imported, raw, new Uint8Array(body));
}

/** The two numbers of a signature, each as 32 bytes; `null`: it is no such signature. */
export function rawSignature(base64: string): Uint8Array<ArrayBuffer> | null {
  const der = bytesOf(base64);
  if (der === null || der[0] !== 0x30 || der[1] !== der.length - 2) return null;
  const raw = new Uint8Array(2 * HALF);
  let at = 2;
  for (const start of [0, HALF]) {
    const length = der[at + 1] ?? 0;
    const number = der.subarray(at + 2, at + 2 + length);
    if (der[at] !== 0x02 || length === 0 || number.length !== length) return null;
    // DER: no more bytes than needed, and none that makes the number negative.
    const padded = number[0] === 0 && length > 1;
    if ((number[0] ?? 0) > 0x7f || (padded && (number[1] ?? 0) < 0x80)) return null;
    const digits = padded ? number.subarray(1) : number;
    if (digits.length > HALF) return null;
    raw.set(digits, start + HALF - digits.length);
    at += 2 + length;
  }
  return at === der.length ? raw : null;
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> | null {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64)) return null;
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}
