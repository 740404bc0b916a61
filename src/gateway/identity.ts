// Who calls, said to the upstream in a way it can check: a short-lived EdDSA JWT, signed once and remembered per record.
import { importJWK, type JWK, SignJWT } from "jose";
import type { KeyRecord } from "../core/key.ts";

/** A token lives a minute: RFC 7519 `exp`. */
const LIFE_SECONDS = 60;
/** A remembered one is replaced while it still has this long to live, so that a slow upstream never sees it expire. */
const RENEW_BEFORE_SECONDS = 25;

/** The private signing keys of the door, oldest first; the last one signs, all are published. */
export type IdentityKeys = readonly (JWK & { readonly kid: string })[];

export interface Identity {
  /** The token for a record; a promise only when one has to be signed. */
  tokenFor(record: KeyRecord, now: number): string | Promise<string>;
  /** RFC 7517, public members only. */
  readonly jwks: { readonly keys: readonly JWK[] };
}

interface Remembered {
  readonly token: string;
  readonly renewAt: number;
}

/**
 * The signer of identity tokens.
 *
 * @param keys Ed25519 private keys (RFC 8037) with `kid`
 * @param issuer `iss` of every token
 * @param audience `aud` of every token: the upstream
 */
export function createIdentity(keys: IdentityKeys, issuer: string, audience: string): Identity {
  const signer = keys[keys.length - 1];
  if (signer === undefined) throw new Error("no identity key");
  let imported: ReturnType<typeof importJWK> | null = null;
  // Bound to the record itself: a changed role or account is a new record, and so a new token.
  const remembered = new WeakMap<KeyRecord, Remembered>();

  async function sign(record: KeyRecord, now: number): Promise<string> {
    imported ??= importJWK(signer as JWK, "EdDSA");
    const issuedAt = Math.floor(now / 1_000);
    const claims = { sub: record.id, acc: record.accountId, role: record.role.name, role_id: record.role.id };
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: "EdDSA", typ: "gatehouse-identity+jwt", kid: (signer as { kid: string }).kid })
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + LIFE_SECONDS)
      .sign(await imported);
    remembered.set(record, { token, renewAt: (issuedAt + LIFE_SECONDS - RENEW_BEFORE_SECONDS) * 1_000 });
    return token;
  }

  return {
    tokenFor(record, now) {
      const known = remembered.get(record);
      return known !== undefined && now < known.renewAt ? known.token : sign(record, now);
    },
    jwks: { keys: keys.map(publicPart) },
  };
}

function publicPart({ kty, crv, x, kid }: JWK): JWK {
  return { kty, crv, x, kid, alg: "EdDSA", use: "sig" } as JWK;
}
