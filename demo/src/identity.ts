// Authenticates a request by the identity that Gatehouse has signed. An API key never reaches this Worker.
import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey, jwtVerify } from "jose";
import type { Config } from "./env.ts";

export interface Principal {
  readonly keyId: string;
  readonly accountId: string;
  readonly role: string;
  /** Whether `role` is the name of a built-in role. Any account can give its own roles names. */
  readonly roleBuiltIn: boolean;
}

export type Identification =
  | { readonly outcome: "known"; readonly principal: Principal }
  | { readonly outcome: "denied" }
  | { readonly outcome: "keys_unreachable"; readonly cause: unknown };

/** The codes of jose for an invalid token. All others mean that the keys could not be fetched: 503, fail closed. */
const TOKEN_ERRORS: ReadonlySet<string> = new Set([
  errors.JOSEAlgNotAllowed.code,
  errors.JOSENotSupported.code,
  errors.JWKSMultipleMatchingKeys.code,
  errors.JWKSNoMatchingKey.code,
  errors.JWSInvalid.code,
  errors.JWSSignatureVerificationFailed.code,
  errors.JWTClaimValidationFailed.code,
  errors.JWTExpired.code,
  errors.JWTInvalid.code,
]);

/**
 * The principal of a request, by the identity that Gatehouse has signed for this request.
 *
 * @param request its header `Gatehouse-Identity`, method and path
 * @param config audience, issuer and the address of Gatehouse's keys
 * @param now milliseconds since the epoch
 */
export async function identify(request: Request, config: Config, now: number): Promise<Identification> {
  const token = request.headers.get("Gatehouse-Identity");
  if (token === null) return { outcome: "denied" };
  try {
    const { payload } = await jwtVerify(token, gatehouseKeys(config), {
      algorithms: ["EdDSA"],
      audience: config.audience,
      issuer: config.issuer,
      // Another token that the same keys sign, such as that of an audit log, is no identity.
      typ: "gatehouse-identity+jwt",
      requiredClaims: ["exp", "iat", "jti", "sub", "acc", "method", "path"],
      clockTolerance: 5,
      currentDate: new Date(now),
    });
    const { sub, acc, role, role_built_in: roleBuiltIn, method, path } = payload;
    // What was authorized is this request: an identity that was seen with another one gives nothing here.
    if (method !== request.method || path !== new URL(request.url).pathname) return { outcome: "denied" };
    if (!sub || typeof acc !== "string" || acc === "") return { outcome: "denied" };
    if (typeof role !== "string" || typeof roleBuiltIn !== "boolean") return { outcome: "denied" };
    return { outcome: "known", principal: { keyId: sub, accountId: acc, role, roleBuiltIn } };
  } catch (cause) {
    const isInvalid = cause instanceof errors.JOSEError && TOKEN_ERRORS.has(cause.code);
    return isInvalid ? { outcome: "denied" } : { outcome: "keys_unreachable", cause };
  }
}

let cached: { readonly url: string; readonly keys: JWTVerifyGetKey } | undefined;

/** Gatehouse's public keys, cached in the isolate; an unknown key is fetched at most every ten seconds. */
function gatehouseKeys(config: Config): JWTVerifyGetKey {
  if (cached?.url === config.jwksUrl.href) return cached.keys;
  const { gatehouse } = config;
  const keys = createRemoteJWKSet(config.jwksUrl, {
    cacheMaxAge: 300_000,
    cooldownDuration: 10_000,
    timeoutDuration: 3_000,
    // Both need their own `this`: neither `fetch` nor a binding's may be passed detached.
    [customFetch]: (url, init) => (gatehouse === null ? fetch(url, init) : gatehouse.fetch(url, init)),
  });
  cached = { url: config.jwksUrl.href, keys };
  return keys;
}
