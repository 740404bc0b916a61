// The first-start page of a configured Worker: makes the first account and its Admin key for the client that holds KEY_RING.
// It does not exist as soon as there is an account.
import { errorBody, type FieldError } from "../../core/error-body.ts";
import { mintKey } from "../../core/token/api-key-token.ts";
import { isSameKeyRing } from "../../core/token/same-key-ring.ts";
import { ACCOUNT_NAME, ACCOUNT_NAME_ERROR, type FirstAccount } from "../../store/accounts/port.ts";
import type { Gateway } from "../gateway.ts";
import type { RequestContext } from "../request-context.ts";
import { deny, errorResponse } from "../responses/denial.ts";
import { isSameSite } from "../same-site.ts";
import { type FirstStartPath, firstStartResponse, SETUP } from "./first-start-paths.ts";

/** A key ring of 16 secrets is much shorter. */
const MAX_BODY_BYTES = 16_384;

/**
 * Serve a path of the first-start page.
 *
 * @throws when D1 cannot be read: the request is answered 503
 */
export async function serveFirstStart(
  context: RequestContext,
  path: FirstStartPath,
  gateway: Gateway,
): Promise<Response> {
  const accounts = await gateway.firstAccount();
  const state = await accounts.state();
  if (state === "account_exists") return deny(context, { reason: "not_found" }, gateway);
  const { method } = context.request;
  if (method === "GET" || method === "HEAD") {
    return firstStartResponse(path, { state, missing: [] }, gateway.assets, context.request);
  }
  if (path !== SETUP || method !== "POST") {
    const allow = path === SETUP ? ["GET", "HEAD", "POST"] : ["GET", "HEAD"];
    return deny(context, { reason: "method_not_allowed", allow }, gateway);
  }
  if (!isSameSite(context.request, new Set())) return deny(context, { reason: "cross_site" }, gateway);
  const blocked = gateway.limits.isBlocked(context.client, context.now);
  if (blocked !== null) return deny(context, blocked, gateway);
  if (state === "tables_missing") {
    const detail = "D1 has no tables yet. Run `npx wrangler d1 migrations apply DB --remote`, then try again.";
    return errorResponse(409, "tables_missing", detail, context.requestId);
  }
  const input = await readInput(context);
  return input instanceof Response ? input : createAccount(context, input, accounts, gateway);
}

interface SetupInput {
  readonly accountName: string;
  readonly keyRing: string;
}

async function createAccount(
  context: RequestContext,
  { accountName, keyRing }: SetupInput,
  accounts: FirstAccount,
  gateway: Gateway,
): Promise<Response> {
  const { requestId, now, client } = context;
  if (!(await isSameKeyRing(gateway.ring, keyRing))) return deny(context, { reason: "key_ring_mismatch" }, gateway);
  const [accountId, keyId] = [crypto.randomUUID(), crypto.randomUUID()];
  const { token, hash: keyHash } = await mintKey(gateway.ring, { keyId, accountId, expiresAt: null, now });
  const address = client?.text ?? null;
  const created = await accounts.create({ id: accountId, name: accountName, keyId, keyHash, now, address, requestId });
  // Another request was first.
  if (!created) return deny(context, { reason: "not_found" }, gateway);
  gateway.log.write("change", {
    ...{ request_id: requestId, verdict: "allow", status: 201, method: "POST", path: SETUP, address },
    ...{ account_id: accountId, resource_id: keyId, outcome: "first_account_created" },
  });
  const body = { account_id: accountId, api_key_id: keyId, jwt: token };
  return Response.json(body, { status: 201, headers: { "cache-control": "no-store" } });
}

/** The members of the body, or the response that rejects it. */
async function readInput({ request, requestId }: RequestContext): Promise<SetupInput | Response> {
  // A form of another site cannot send this type without a preflight.
  if (!/^application\/json\s*(?:;|$)/i.test(request.headers.get("content-type") ?? "")) {
    return errorResponse(415, "unsupported_media_type", "A body must be application/json.", requestId);
  }
  const text = await readText(request.raw);
  if (text === null) {
    return errorResponse(413, "body_too_large", `The body has at most ${MAX_BODY_BYTES / 1024} KiB.`, requestId);
  }
  const { account_name: accountName, key_ring: keyRing } = parseObject(text);
  const errors: FieldError[] = [];
  if (typeof accountName !== "string" || !ACCOUNT_NAME.test(accountName)) {
    errors.push({ field: "account_name", message: ACCOUNT_NAME_ERROR });
  }
  if (typeof keyRing !== "string" || keyRing === "") {
    errors.push({ field: "key_ring", message: "This must be the value of KEY_RING." });
  }
  if (typeof accountName === "string" && typeof keyRing === "string" && errors.length === 0) {
    return { accountName, keyRing };
  }
  const detail = `Invalid request: ${errors.map(({ field, message }) => `${field}: ${message}`).join(" ")}`;
  return Response.json(errorBody(400, "invalid_request", detail, requestId, errors), {
    status: 400,
    headers: { "cache-control": "no-store" },
  });
}

/** The body as text; `null` when it is too large, whatever Content-Length says. */
async function readText(request: Request): Promise<string | null> {
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.byteLength;
    if (length > MAX_BODY_BYTES) return null;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** The members of a JSON object; none for any other text. */
function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    // The parser's message quotes its input.
    return {};
  }
}
