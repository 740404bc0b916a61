// The signed identity header for the upstream: a short-lived EdDSA JWT, signed once and cached per record.
import type { CryptoKey, JWK } from "jose";
import type { KeyRole, Principal } from "../../core/access/principal.ts";
import { isOperator } from "../../core/access/principal.ts";

/** From `iat` to `exp` (RFC 7519). */
const LIFE_SECONDS = 60;
/** A cached token is replaced this long before it expires, so that a slow upstream never sees an expired one. */
const RENEW_BEFORE_SECONDS = 25;

/** The private signing keys of the gateway, oldest first. The last one signs; all are published. */
export type IdentityKeys = readonly (JWK & { readonly kid: string })[];

export interface Identity {
  /** The token of a principal; a promise only when one has to be signed. */
  tokenFor(record: Principal, now: number): string | Promise<string>;
  /** RFC 7517, public members only. */
  readonly jwks: { readonly keys: readonly JWK[] };
}

interface CachedToken {
  readonly token: string;
  readonly renewAt: number;
  /** What the token says, besides the key's id. */
  readonly accountId: string;
  readonly role: KeyRole;
  readonly name: string;
}

/** The most keys whose token is cached. Beyond it, all are dropped and signed again. */
const MAX_CACHED = 10_000;

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
  let imported: Promise<CryptoKey | Uint8Array> | null = null;
  // By record, which nearly every request hits; and by key, since a mutation reads a new record each time.
  const byRecord = new WeakMap<Principal, CachedToken>();
  const byKey = new Map<string, CachedToken>();

  async function sign(record: Principal, now: number): Promise<string> {
    // Loaded with the first token, to keep start-up short.
    const { SignJWT } = await import("jose/jwt/sign");
    imported ??= import("jose/key/import").then(({ importJWK }) => importJWK(signer as JWK, "EdDSA"));
    const issuedAt = Math.floor(now / 1_000);
    const operator = isOperator(record) ? { sub_type: "operator", sub_name: record.name } : {};
    const claims = {
      sub: record.id,
      acc: record.accountId,
      role: record.role.name,
      role_id: record.role.id,
      ...operator,
    };
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: "EdDSA", typ: "gatehouse-identity+jwt", kid: (signer as { kid: string }).kid })
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + LIFE_SECONDS)
      .sign(await imported);
    const renewAt = (issuedAt + LIFE_SECONDS - RENEW_BEFORE_SECONDS) * 1_000;
    if (byKey.size >= MAX_CACHED) byKey.clear();
    const made = { token, renewAt, accountId: record.accountId, role: record.role, name: record.name };
    byKey.set(record.id, made);
    byRecord.set(record, made);
    return token;
  }

  /** The token of an earlier record of the same key, when it is true for this one as well. */
  function inherited(record: Principal): CachedToken | undefined {
    const made = byKey.get(record.id);
    if (made === undefined || !isValidFor(made, record)) return undefined;
    byRecord.set(record, made);
    return made;
  }

  return {
    tokenFor(record, now) {
      const known = byRecord.get(record) ?? inherited(record);
      return known !== undefined && now < known.renewAt ? known.token : sign(record, now);
    },
    jwks: { keys: keys.map(publicJwk) },
  };
}

/** Whether everything that a token says, besides the key's id, is true for a record. */
function isValidFor(made: CachedToken, principal: Principal): boolean {
  const { accountId, role, name } = principal;
  if (isOperator(principal) && made.name !== name) return false;
  return made.accountId === accountId && made.role.id === role.id && made.role.name === role.name;
}

function publicJwk({ kty, crv, x, kid }: JWK): JWK {
  return { kty, crv, x, kid, alg: "EdDSA", use: "sig" } as JWK;
}
