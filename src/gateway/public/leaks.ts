// Reports of leaked keys: from GitHub's secret scanning, signed ones of a scanner or a CI, and of anybody who has a key. Loaded
// with the first of them.
import { verifyWebhook } from "../../core/events/signature.ts";
import { mediaTypeError, readJson } from "../../core/json.ts";
import { verifyGithubSignature } from "../../core/leaks/github.ts";
import { hashOfKey, type Leak, leakUrl, readGithubReport } from "../../core/leaks/report.ts";
import { hashToken } from "../../core/token/api-key-token.ts";
import type { Background } from "../../store/common.ts";
import type { Gateway } from "../gateway.ts";
import type { RequestContext } from "../request-context.ts";
import { deny, errorResponse, serviceUnavailable } from "../responses/denial.ts";
import { readBody } from "../serve.ts";

export const LEAK_PATHS = {
  github: "/.well-known/gatehouse/leaks/github",
  any: "/.well-known/gatehouse/leaks",
} as const;

/** Ten thousand tokens with their URLs. */
const MAX_GITHUB_BYTES = 16_777_216;
const MAX_BYTES = 8_192;

const FAILURES = {
  too_large: [413, "body_too_large", "The report is too large."],
  timeout: [408, "request_timeout", "The report did not arrive in time."],
  incomplete: [400, "request_incomplete", "The report ended before it was complete."],
} as const;

/**
 * Serve a report of leaked keys.
 *
 * @throws when storage or GitHub's keys cannot be read: the report is answered 503, and is to be sent again
 */
export async function serveLeakReport(
  context: RequestContext,
  path: string,
  gateway: Gateway,
  background: Background,
): Promise<Response> {
  const { request, requestId } = context;
  if (request.method !== "POST") return deny(context, { reason: "method_not_allowed", allow: ["POST"] }, gateway);
  const { headers } = request;
  const typeError = mediaTypeError(headers.get("content-type"), headers.get("content-encoding"));
  if (typeError !== null) return errorResponse(415, "unsupported_media_type", typeError, requestId);
  const isGithub = path === LEAK_PATHS.github;
  // A report whose signature names no known key is not read.
  const key = isGithub ? await githubKey(headers, gateway) : null;
  if (isGithub && key === null) return deny(context, { reason: "signature_invalid" }, gateway);
  const body = await readBody(request.raw, isGithub ? MAX_GITHUB_BYTES : MAX_BYTES);
  if (typeof body === "string") {
    const [status, code, detail] = FAILURES[body];
    return errorResponse(status, code, detail, requestId);
  }
  if (key === null) return serveOne(context, body, gateway, background);
  const signature = headers.get("github-public-key-signature") ?? "";
  if (!(await verifyGithubSignature(key, signature, body)))
    return deny(context, { reason: "signature_invalid" }, gateway);
  return serveGithub(context, body, gateway, background);
}

async function githubKey(headers: Headers, gateway: Gateway) {
  const { github } = await gateway.leaks();
  const id = headers.get("github-public-key-identifier") ?? "";
  return github !== null && /^[\w-]{1,128}$/.test(id) ? github.find(id) : null;
}

/** The feedback that GitHub's protocol asks for: of every token, whether it is a key of this gateway. */
async function serveGithub(
  context: RequestContext,
  body: Uint8Array,
  gateway: Gateway,
  background: Background,
): Promise<Response> {
  const json = readJson(body);
  const report = readGithubReport("value" in json ? json.value : null);
  if (report === null) return invalid(context, "This must be a list of at most 10,000 tokens.");
  const read = report.map((each) => ({ each, hash: hashOfKey(gateway.ring, each.token) }));
  const leaks = read.flatMap(({ each, hash }): Leak[] =>
    hash === null ? [] : [{ hash, url: leakUrl(each.url), source: "github" }],
  );
  const known = await (await gateway.leaks()).reports.report(leaks, addressOf(context), context.requestId, background);
  if (known === null) return serviceUnavailable("unavailable", "Send the report again.", context.requestId);
  const feedback = read.map(({ each, hash }) => ({
    token_hash: base64OfHex(hash ?? hashOfText(String(each.token))),
    token_type: String(each.type ?? "").slice(0, 64),
    label: hash !== null && known.has(hash) ? "true_positive" : "false_positive",
  }));
  return Response.json(feedback, { headers: { "cache-control": "no-store" } });
}

/** One key: of anybody who has it, or of a client with the secret of reports, whose URL is believed. */
async function serveOne(
  context: RequestContext,
  body: Uint8Array,
  gateway: Gateway,
  background: Background,
): Promise<Response> {
  const { reports, secret } = await gateway.leaks();
  const { headers } = context.request;
  const isSigned = headers.has("webhook-signature");
  const text = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }).decode(body);
  if (isSigned && (secret === null || !verifyWebhook(secret, headers, text, context.now))) {
    return deny(context, { reason: "signature_invalid" }, gateway);
  }
  const json = readJson(body);
  const { token, url } = ("value" in json && typeof json.value === "object" ? { ...json.value } : {}) as Members;
  if (typeof token !== "string") return invalid(context, "token: This is required.");
  const hash = hashOfKey(gateway.ring, token);
  if (hash === null) return deny(context, { reason: "token_malformed" }, gateway);
  const leak: Leak = { hash, url: isSigned ? leakUrl(url) : null, source: isSigned ? "signed" : "holder" };
  const known = await reports.report([leak], addressOf(context), context.requestId, background);
  if (known?.has(hash) !== true) return deny(context, { reason: "key_unknown" }, gateway);
  return Response.json({ data: { reported: true } }, { headers: { "cache-control": "no-store" } });
}

type Members = Readonly<Record<string, unknown>>;

const addressOf = ({ client }: RequestContext): string | null => client?.text ?? null;

function invalid({ requestId }: RequestContext, detail: string): Response {
  return errorResponse(400, "invalid_request", `Invalid request: ${detail}`, requestId);
}

/** A text that is no key may have any character. */
function hashOfText(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return hashToken(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

function base64OfHex(hex: string): string {
  return btoa((hex.match(/../g) ?? []).map((byte) => String.fromCharCode(Number.parseInt(byte, 16))).join(""));
}
