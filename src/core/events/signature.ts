// Signs a delivery as Standard Webhooks says: an HMAC with each secret of the endpoint, and Ed25519 with the identity key.
import { createHmac } from "node:crypto";
import type { SigningKey } from "../audit/checkpoint.ts";
import { constantTimeEqual } from "../token/api-key-token.ts";

/** What is signed. */
export interface SignedContent {
  /** The same of every try and of every redelivery. */
  readonly id: string;
  /** Seconds since the epoch. */
  readonly timestamp: number;
  readonly body: string;
}

/**
 * The `webhook-signature` header.
 *
 * @param secrets `whsec_` and base64, the newest first
 * @param key the newest identity key, whose public part is published
 */
export async function signatureOf(
  { id, timestamp, body }: SignedContent,
  secrets: readonly string[],
  key: SigningKey,
): Promise<string> {
  // A JWS input has one dot and no brace: no such text is ever signed as an identity or a checkpoint.
  const text = `${id}.${timestamp}.${body}`;
  const codes = secrets.map((secret) => `v1,${createHmac("sha256", bytesOf(secret)).update(text).digest("base64")}`);
  const { importJWK } = await import("jose/key/import");
  const signed = await crypto.subtle.sign(
    "Ed25519",
    (await importJWK(key, "EdDSA")) as CryptoKey,
    new TextEncoder().encode(text),
  );
  return [...codes, `v1a,${btoa(String.fromCharCode(...new Uint8Array(signed)))}`].join(" ");
}

function bytesOf(secret: string): Uint8Array {
  return Uint8Array.from(atob(secret.replace(/^whsec_/, "")), (char) => char.charCodeAt(0));
}

/** How far the clocks of a sender and of this gateway may be apart, and how long a message may be sent again. */
const TOLERANCE_SECONDS = 300;

/** Whether a message is signed with a secret as Standard Webhooks says, and was signed just now. */
export function verifyWebhook(secret: string, headers: Headers, body: string, now: number): boolean {
  const [id, timestamp] = [headers.get("webhook-id") ?? "", headers.get("webhook-timestamp") ?? ""];
  if (id === "" || !/^\d{1,12}$/.test(timestamp)) return false;
  if (Math.abs(now / 1_000 - Number(timestamp)) > TOLERANCE_SECONDS) return false;
  const code = createHmac("sha256", bytesOf(secret)).update(`${id}.${timestamp}.${body}`).digest("base64");
  const signatures = (headers.get("webhook-signature") ?? "").split(" ");
  return signatures.some((each) => constantTimeEqual(each, `v1,${code}`));
}
