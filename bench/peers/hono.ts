// What would be written instead, on the same platform: the same job on Hono, from its documentation and that of Workers KV, D1,
// ipaddr.js and jose. It has no audit log, no limits, no admin API; a revocation is felt when its copies have expired.
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import { HTTPException } from "hono/http-exception";
import { proxy } from "hono/proxy";
import ipaddr from "ipaddr.js";
import { importJWK, type JWK, SignJWT } from "jose";
import { ADMIN, DEVELOPER, VIEWER } from "../../src/core/access/roles.ts";
import { OPERATIONS } from "../../src/core/routing/operations.ts";

interface Env {
  readonly DB: D1Database;
  readonly KEY_COPIES: KVNamespace;
  readonly UPSTREAM_URL: string;
  readonly UPSTREAM_AUDIENCE: string;
  readonly IDENTITY_KEYS: string;
  /** For how many seconds an isolate keeps a key; "0": KV is asked for each request. */
  readonly KEEP_KEY_SECONDS: string;
  /** For how many seconds an identity is sent again; "0": each request has its own. */
  readonly KEEP_IDENTITY_SECONDS: string;
}

interface Key {
  readonly id: string;
  readonly accountId: string;
  readonly roleId: string;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  readonly disabledAt: number | null;
  readonly restricted: number;
  readonly cidrs: readonly string[];
}

type Gate = { Bindings: Env; Variables: { key: Key } };

const ROLES = new Map([ADMIN, DEVELOPER, VIEWER].map((role) => [role.id, role]));
/** Of the copies in KV. */
const COPY_SECONDS = 60;
const FIND_KEY = `SELECT k.id, k.account_id AS accountId, k.role_id AS roleId, k.expires_at AS expiresAt,
  k.revoked_at AS revokedAt, k.disabled_at AS disabledAt, k.restricted,
  (SELECT json_group_array(l.rules) FROM api_key_allow_lists a JOIN allow_lists l ON l.id = a.allow_list_id
    WHERE a.key_id = k.id) AS lists
  FROM api_keys k WHERE k.hash = ?`;

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const keptKeys = new Map<string, { readonly key: Key | null; readonly until: number }>();

async function findKey(token: string, { env, executionCtx }: Context<Gate>): Promise<Key | null> {
  const hash = await sha256(token);
  const kept = keptKeys.get(hash);
  if (kept !== undefined && kept.until > Date.now()) return kept.key;
  let key = await env.KEY_COPIES.get<Key>(`key/${hash}`, { type: "json", cacheTtl: COPY_SECONDS });
  if (key === null) {
    const row = await env.DB.prepare(FIND_KEY).bind(hash).first<Omit<Key, "cidrs"> & { lists: string }>();
    if (row !== null) {
      const { lists, ...members } = row;
      key = { ...members, cidrs: (JSON.parse(lists) as string[]).flatMap((rules) => JSON.parse(rules) as string[]) };
      const copy = JSON.stringify(key);
      executionCtx.waitUntil(env.KEY_COPIES.put(`key/${hash}`, copy, { expirationTtl: COPY_SECONDS }));
    }
  }
  const seconds = Number(env.KEEP_KEY_SECONDS);
  if (seconds > 0) keptKeys.set(hash, { key, until: Date.now() + seconds * 1_000 });
  return key;
}

let signer: { readonly key: CryptoKey | Uint8Array; readonly kid: string } | null = null;
const keptIdentities = new Map<string, { readonly token: string; readonly until: number }>();

async function identityOf({ id, accountId, roleId }: Key, env: Env): Promise<string> {
  const kept = keptIdentities.get(id);
  if (kept !== undefined && kept.until > Date.now()) return kept.token;
  if (signer === null) {
    const jwk = (JSON.parse(env.IDENTITY_KEYS) as { keys: (JWK & { kid: string })[] }).keys.at(-1);
    if (jwk === undefined) throw new Error("no identity key");
    signer = { key: await importJWK(jwk, "EdDSA"), kid: jwk.kid };
  }
  const token = await new SignJWT({ acc: accountId, role: ROLES.get(roleId)?.name, role_id: roleId })
    .setProtectedHeader({ alg: "EdDSA", typ: "gatehouse-identity+jwt", kid: signer.kid })
    .setSubject(id)
    .setIssuer("gatehouse")
    .setAudience(env.UPSTREAM_AUDIENCE)
    .setIssuedAt()
    .setExpirationTime("60s")
    .setJti(crypto.randomUUID())
    .sign(signer.key);
  const seconds = Number(env.KEEP_IDENTITY_SECONDS);
  if (seconds > 0) keptIdentities.set(id, { token, until: Date.now() + seconds * 1_000 });
  return token;
}

const app = new Hono<Gate>();

const authenticate = bearerAuth({
  async verifyToken(token, context: Context<Gate>) {
    const key = await findKey(token, context);
    if (key === null || key.revokedAt !== null || key.disabledAt !== null) return false;
    if (key.expiresAt !== null && key.expiresAt <= Date.now()) return false;
    context.set("key", key);
    return true;
  },
});

const checkAddress: MiddlewareHandler<Gate> = async (context, next) => {
  const { restricted, cidrs } = context.get("key");
  if (restricted) {
    const address = ipaddr.process(context.req.header("cf-connecting-ip") ?? "");
    const isAllowed = cidrs.some((cidr) => {
      const [range, bits] = ipaddr.parseCIDR(cidr);
      return range.kind() === address.kind() && address.match(range, bits);
    });
    if (!isAllowed) throw new HTTPException(403, { message: "This address is not allowed." });
  }
  await next();
};

function checkPermission(permission: string | null): MiddlewareHandler<Gate> {
  return async (context, next) => {
    const { accountId, roleId } = context.get("key");
    const named = context.req.param("accountId");
    if (named !== undefined && named !== accountId) throw new HTTPException(404);
    const permissions: ReadonlySet<string> | undefined = ROLES.get(roleId)?.grant.permissions;
    if (permission !== null && !permissions?.has(permission)) throw new HTTPException(403);
    await next();
  };
}

app.use("/api/*", authenticate, checkAddress);
for (const { method, path, permission, handledBy } of OPERATIONS) {
  if (handledBy !== "upstream") continue;
  const route = path.replaceAll(/\{(\w+)\}/g, ":$1");
  app.on(method, route, checkPermission(permission), async ({ req, env, get }) => {
    const { pathname, search } = new URL(req.url);
    return proxy(env.UPSTREAM_URL + pathname + search, {
      ...req,
      headers: {
        ...req.header(),
        Authorization: undefined,
        Cookie: undefined,
        "X-Forwarded-For": req.header("cf-connecting-ip"),
        "X-Forwarded-Host": req.header("host"),
        "Gatehouse-Identity": await identityOf(get("key"), env),
      },
    });
  });
}

export default app;
