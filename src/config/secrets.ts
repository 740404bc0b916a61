// The two secrets of the Worker: the ring that signs API keys, and the keys that sign the identity for the upstream.

import { type KeyRing, readKeyRing } from "../core/token/api-key-token.ts";
import type { IdentityKeys } from "../gateway/proxy/identity-token.ts";
import type { ConfigReader } from "./reader.ts";

export function readSigningRing(read: ConfigReader): KeyRing | null {
  const json = read.secret("KEY_RING");
  if (json === null) return read.addMissing("KEY_RING", "the first-start page or npm run bootstrap makes one");
  const result = readKeyRing(json);
  if ("ring" in result) return result.ring;
  read.errors.push(...result.errors.map((error) => `KEY_RING: ${error}`));
  return null;
}

export function readIdentityKeys(read: ConfigReader): IdentityKeys | null {
  const json = read.secret("IDENTITY_KEYS");
  if (json === null) return read.addMissing("IDENTITY_KEYS", "the first-start page or npm run bootstrap makes them");
  const keys = parseIdentityKeys(json);
  if (keys === null) {
    read.errors.push("IDENTITY_KEYS must be a JWK set of private Ed25519 keys with distinct kid members");
  }
  return keys;
}

function parseIdentityKeys(json: string): IdentityKeys | null {
  try {
    const { keys } = JSON.parse(json) as { keys: IdentityKeys };
    const complete = keys.every(
      ({ kty, crv, x, d, kid }) =>
        kty === "OKP" && crv === "Ed25519" && isKeyPart(x) && isKeyPart(d) && typeof kid === "string" && kid !== "",
    );
    return complete && keys.length > 0 && new Set(keys.map(({ kid }) => kid)).size === keys.length ? keys : null;
  } catch {
    return null;
  }
}

// 32 bytes as base64url (RFC 8037 section 2): anything else would fail with the first request instead of at start-up.
function isKeyPart(part: unknown): boolean {
  return typeof part === "string" && /^[\w-]{42}[AEIMQUYcgkosw048]$/.test(part);
}
