// The signed identity header for the upstream: a short-lived EdDSA JWT for one principal, one method and one path.
// It is signed here and not by jose, which takes more CPU for an isolate's first token (docs/decisions/0011-hot-path.md).
import type { JWK } from "jose";
import * as base64url from "jose/base64url";
import type { KeyRole, Principal } from "../../core/access/principal.ts";
import { isOperator } from "../../core/access/principal.ts";
import { builtInRole } from "../../core/access/roles.ts";

/** From `iat` to `exp` (RFC 7519). */
const LIFE_SECONDS = 60;
/** A cached token is replaced this long before it expires, so that a slow upstream never sees an expired one. */
const RENEW_BEFORE_SECONDS = 25;

/** The private signing keys of the gateway, oldest first. The last one signs; all are published. */
export type IdentityKeys = readonly (JWK & { readonly kid: string })[];

export interface Identity {
  /**
   * The token of a principal for a request as it was authorized. One of a GET or HEAD is sent again with the same request; any
   * other request has its own.
   *
   * @param path as it is forwarded, without its query
   * @param now milliseconds since the epoch
   * @returns a promise only when a token has to be signed
   */
  tokenFor(record: Principal, method: string, path: string, now: number): string | Promise<string>;
  /** RFC 7517, public members only. */
  readonly jwks: { readonly keys: readonly JWK[] };
}

interface CachedToken {
  readonly token: string;
  /** Milliseconds since the epoch. Before it, the clock was set back since the token was signed. */
  readonly issuedAt: number;
  readonly renewAt: number;
  /** What the token says, besides the key's id. */
  readonly method: string;
  readonly path: string;
  readonly accountId: string;
  readonly role: KeyRole;
  readonly name: string;
}

/** The most requests whose token is cached. Beyond it, all are dropped and signed again. */
const MAX_CACHED = 5_000;
/** A longer path is signed each time: it would take too much of the cache. */
const MAX_CACHED_PATH = 512;

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
  const header = base64url.encode(JSON.stringify({ alg: "EdDSA", typ: "gatehouse-identity+jwt", kid: signer.kid }));
  // The key itself, not the promise of it: no request waits for another one's.
  let imported: CryptoKey | null = null;
  // The last one of a record, which nearly every read repeats; and by request, for other records and paths of a key.
  const byRecord = new WeakMap<Principal, CachedToken>();
  const byRequest = new Map<string, CachedToken>();

  async function sign(record: Principal, method: string, path: string, now: number): Promise<string> {
    imported ??= await importSigner(signer as JWK);
    const issuedAt = Math.floor(now / 1_000);
    const operator = isOperator(record) ? { sub_type: "operator", sub_name: record.name } : {};
    const claims = {
      sub: record.id,
      acc: record.accountId,
      role: record.role.name,
      role_id: record.role.id,
      role_built_in: builtInRole(record.role.id) !== null,
      ...operator,
      method,
      path,
      iss: issuer,
      aud: audience,
      iat: issuedAt,
      exp: issuedAt + LIFE_SECONDS,
      jti: crypto.randomUUID(),
    };
    // RFC 7515 section 7.1, RFC 8037 section 3.1.
    const signed = `${header}.${base64url.encode(JSON.stringify(claims))}`;
    const signature = await crypto.subtle.sign("Ed25519", imported, new TextEncoder().encode(signed));
    const token = `${signed}.${base64url.encode(new Uint8Array(signature))}`;
    if (!isReusable(method, path)) return token;
    const renewAt = (issuedAt + LIFE_SECONDS - RENEW_BEFORE_SECONDS) * 1_000;
    if (byRequest.size >= MAX_CACHED) byRequest.clear();
    const made = {
      token,
      issuedAt: issuedAt * 1_000,
      renewAt,
      method,
      path,
      accountId: record.accountId,
      role: record.role,
      name: record.name,
    };
    byRequest.set(requestOf(record, method, path), made);
    byRecord.set(record, made);
    return token;
  }

  /** The token of an earlier request, or of an earlier record of the key, when it is true for this one as well. */
  function earlier(record: Principal, method: string, path: string): CachedToken | undefined {
    const made = byRequest.get(requestOf(record, method, path));
    if (made === undefined || !isValidFor(made, record)) return undefined;
    byRecord.set(record, made);
    return made;
  }

  return {
    tokenFor(record, method, path, now) {
      if (!isReusable(method, path)) return sign(record, method, path, now);
      const last = byRecord.get(record);
      const known = last?.path === path && last.method === method ? last : earlier(record, method, path);
      const isValid = known !== undefined && now >= known.issuedAt && now < known.renewAt;
      return isValid ? known.token : sign(record, method, path, now);
    },
    jwks: { keys: keys.map(publicJwk) },
  };
}

/** @throws DOMException for a key that is no Ed25519 private key */
function importSigner({ kty, crv, x, d }: JWK): Promise<CryptoKey> {
  return crypto.subtle.importKey("jwk", { kty, crv, x, d } as JsonWebKey, "Ed25519", false, ["sign"]);
}

function isReusable(method: string, path: string): boolean {
  return (method === "GET" || method === "HEAD") && path.length <= MAX_CACHED_PATH;
}

function requestOf({ id }: Principal, method: string, path: string): string {
  return `${id} ${method} ${path}`;
}

/** Whether everything that a token of the same key and request says is true for a record. */
function isValidFor(made: CachedToken, principal: Principal): boolean {
  const { accountId, role, name } = principal;
  if (isOperator(principal) && made.name !== name) return false;
  return made.accountId === accountId && made.role.id === role.id && made.role.name === role.name;
}

function publicJwk({ kty, crv, x, kid }: JWK): JWK {
  return { kty, crv, x, kid, alg: "EdDSA", use: "sig" } as JWK;
}
