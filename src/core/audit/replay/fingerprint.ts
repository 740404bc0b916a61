// The hash of an API key as audit events have it: it shows which hash the key was created with, and not what it is.
import { sha256 } from "../hash-chain.ts";

/** @param hash the SHA-256 of the key, hexadecimal */
export function keyFingerprint(hash: string): string {
  return sha256(["gatehouse key fingerprint", hash]).slice(0, 32);
}
