// Responses of the admin API: data in Aeon's envelopes, errors in the one shape of all Gatehouse errors. No response may
// be cached.

import type { AuthorizedRequest } from "../authorized-request.ts";
import { errorBody, type FieldError } from "../core/error-body.ts";
import type { PageOrError } from "../store/common.ts";

const JSON_HEADERS = { "content-type": "application/json", "cache-control": "no-store" };

/**
 * 200 with this body.
 *
 * @param etag the entity tag of the resource, for `If-Match` (RFC 9110 section 8.8.3)
 */
export function json(body: unknown, etag?: string): Response {
  const headers = etag === undefined ? JSON_HEADERS : { ...JSON_HEADERS, etag };
  return new Response(JSON.stringify(body), { status: 200, headers });
}

/** 204. */
export function noContent(): Response {
  return new Response(null, { status: 204, headers: { "cache-control": "no-store" } });
}

/**
 * 200 with one page of a list.
 *
 * @param token the continuation token of the next page; `null` on the last page
 * @param known the recognized parameters: the links repeat these and nothing else of the request
 */
export function listResponse(
  request: AuthorizedRequest,
  data: readonly unknown[],
  token: string | null,
  known: URLSearchParams,
): Response {
  const link = (parameters: URLSearchParams) => request.path + (parameters.size > 0 ? `?${parameters}` : "");
  const next = new URLSearchParams(known);
  if (token !== null) next.set("continuation_token", token);
  const links = { self: link(known), next: token === null ? null : link(next) };
  return json({ data, _metadata: { continuation_token: token, links } });
}

/** 200 with a page of a repository, or 400 when the continuation token is not of this list. */
export function pageResponse<T>(
  request: AuthorizedRequest,
  page: PageOrError<T>,
  known: URLSearchParams,
  toData: (item: T) => unknown,
): Response {
  if ("error" in page) return page.error === "busy" ? listBusy(request) : invalidContinuationToken(request);
  return listResponse(request, page.items.map(toData), page.continuationToken, known);
}

/** 429: the account has expensive lists running, which are read one at a time. */
function listBusy(request: AuthorizedRequest): Response {
  const detail = "Other lists of this account are being searched. Retry later.";
  return operationError(request, 429, "rate_limited", detail, { headers: { "retry-after": "1" } });
}

/** 400 for a continuation token that this list, with these filters, has not returned. */
export function invalidContinuationToken(request: AuthorizedRequest): Response {
  const message = "This continuation token was not returned by this list with these filters.";
  return validationError(request, [{ field: "continuation_token", message }]);
}

interface ErrorOptions {
  readonly fieldErrors?: readonly FieldError[];
  /** Members of the body beside `error`. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * An error response, with its code in the log.
 *
 * @param code a snake_case reason
 * @param detail a sentence for people that repeats nothing of the request
 */
export function operationError(
  request: AuthorizedRequest,
  status: number,
  code: string,
  detail: string,
  { fieldErrors, members, headers }: ErrorOptions = {},
): Response {
  request.log.set({ outcome: code });
  const body = errorBody(status, code, detail, request.requestId, fieldErrors);
  return new Response(JSON.stringify({ ...body, ...members }), { status, headers: { ...JSON_HEADERS, ...headers } });
}

/** 404. */
export function notFound(request: AuthorizedRequest, resource: string): Response {
  return operationError(request, 404, "not_found", `${resource} not found`);
}

/** 409: the request conflicts with stored data. */
export function conflict(request: AuthorizedRequest, code: string, detail: string): Response {
  return operationError(request, 409, code, detail);
}

/** 409: the account has as many of a resource as it may have. @param resources in the plural */
export function quotaExceeded(request: AuthorizedRequest, resources: string): Response {
  return conflict(request, "quota_exceeded", `The account has as many ${resources} as its quota allows.`);
}

/** The most field errors of one response: a body can have thousands. */
const MAX_ERRORS = 100;
const MAX_LOGGED = 20;

/** 400 with the field errors. Aeon's clients print `detail` alone, so it repeats the first ones. */
export function validationError(request: AuthorizedRequest, errors: readonly FieldError[]): Response {
  request.log.set({ faults: errors.slice(0, MAX_LOGGED).map((error) => error.field) });
  const detail = `Invalid request: ${summaryOf(errors)}`;
  return operationError(request, 400, "invalid_request", detail, { fieldErrors: errors.slice(0, MAX_ERRORS) });
}

/** 403 for a request that would grant more access than its principal has. */
export function escalationDenied(request: AuthorizedRequest, errors: readonly FieldError[]): Response {
  return insufficientScope(request, "You cannot grant more access than you have.", errors);
}

/** 403 for a request that would revoke access that its principal does not have. */
export function revocationDenied(request: AuthorizedRequest, errors: readonly FieldError[]): Response {
  return insufficientScope(request, "You cannot revoke access that you do not have.", errors);
}

/** RFC 6750, section 3.1. */
function insufficientScope(request: AuthorizedRequest, lead: string, errors: readonly FieldError[]): Response {
  request.log.set({ faults: errors.map((error) => error.field) });
  return operationError(request, 403, "insufficient_scope", `${lead} ${summaryOf(errors)}`, {
    fieldErrors: errors,
    headers: { "www-authenticate": 'Bearer realm="gatehouse", error="insufficient_scope"' },
  });
}

const MAX_SUMMARIZED = 3;

function summaryOf(errors: readonly FieldError[]): string {
  const first = errors.slice(0, MAX_SUMMARIZED).map(({ field, message }) => `${field}: ${message}`);
  return first.join(" ") + (errors.length > MAX_SUMMARIZED ? ` And ${errors.length - MAX_SUMMARIZED} more.` : "");
}

const MAX_NAMES = 10;

/** The names of resources in one sentence: the first ones, and whether there are more. */
export function listNames(references: readonly { readonly name: string }[]): string {
  const names = references.slice(0, MAX_NAMES).map((reference) => reference.name);
  return names.join(", ") + (references.length > names.length ? " and others" : "");
}
