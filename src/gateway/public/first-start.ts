// The first-start page of a configured Worker: makes the first account and its Admin key for the client that holds KEY_RING.
// It does not exist as soon as there is an account.
import { errorBody, type FieldError } from "../../core/error-body.ts";
import { mediaTypeError, readJson } from "../../core/json.ts";
import { NAME, NAME_ERROR } from "../../core/names.ts";
import { mintKey } from "../../core/token/api-key-token.ts";
import { isSameKeyRing } from "../../core/token/same-key-ring.ts";
import type { FirstAccount } from "../../store/accounts/port.ts";
import type { Gateway } from "../gateway.ts";
import type { RequestContext } from "../request-context.ts";
import { deny, errorResponse } from "../responses/denial.ts";
import { isSameSite } from "../same-site.ts";
import { readBody } from "../serve.ts";
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
  if (!isSameSite(context.request)) return deny(context, { reason: "cross_site" }, gateway);
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
  const minted = await mintKey(gateway.ring, { keyId, accountId, expiresAt: null, now });
  const { token, hash: keyHash, signingKeyId } = minted;
  const address = client?.text ?? null;
  const key = { keyId, keyName: "bootstrap", keyHash, signingKeyId } as const;
  const created = await accounts.create({ id: accountId, name: accountName, ...key, now, address, requestId });
  // Another request was first.
  if (!created) return deny(context, { reason: "not_found" }, gateway);
  gateway.log.write("change", {
    ...{ request_id: requestId, verdict: "allow", status: 201, method: "POST", path: SETUP, address },
    ...{ account_id: accountId, resource_id: keyId, outcome: "first_account_created" },
  });
  const body = { account_id: accountId, api_key_id: keyId, jwt: token };
  return Response.json(body, { status: 201, headers: { "cache-control": "no-store" } });
}

const BODY_FAILURES = {
  too_large: [413, "body_too_large", `The body has at most ${MAX_BODY_BYTES / 1024} KiB.`],
  timeout: [408, "request_timeout", "The body did not arrive in time."],
  incomplete: [400, "request_incomplete", "The body ended before it was complete."],
} as const;

/** The members of the body, or the response that rejects it. */
async function readInput({ request, requestId }: RequestContext): Promise<SetupInput | Response> {
  // A form of another site cannot send this type without a preflight.
  const { headers } = request;
  const mediaError = mediaTypeError(headers.get("content-type"), headers.get("content-encoding"));
  if (mediaError !== null) return errorResponse(415, "unsupported_media_type", mediaError, requestId);
  const bytes = await readBody(request.raw, MAX_BODY_BYTES);
  if (typeof bytes === "string") {
    const [status, code, detail] = BODY_FAILURES[bytes];
    return errorResponse(status, code, detail, requestId);
  }
  const json = readJson(bytes);
  const { account_name: givenName, key_ring: keyRing } = membersOf("value" in json ? json.value : null);
  const accountName = typeof givenName === "string" ? givenName.normalize("NFC") : null;
  const errors: FieldError[] = [];
  if (accountName === null || !NAME.test(accountName)) {
    errors.push({ field: "account_name", message: NAME_ERROR });
  }
  if (typeof keyRing !== "string" || keyRing === "") {
    errors.push({ field: "key_ring", message: "This must be the value of KEY_RING." });
  }
  if (accountName !== null && typeof keyRing === "string" && errors.length === 0) {
    return { accountName, keyRing };
  }
  const detail = `Invalid request: ${errors.map(({ field, message }) => `${field}: ${message}`).join(" ")}`;
  return Response.json(errorBody(400, "invalid_request", detail, requestId, errors), {
    status: 400,
    headers: { "cache-control": "no-store" },
  });
}

/** The members of an object; none of any other value. */
function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
