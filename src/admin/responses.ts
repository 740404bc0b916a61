// The answers to operators: data in Aeon's envelopes, errors in the one shape that all of Gatehouse uses. Nothing here is
// ever to be cached.

import type { AuthorizedRequest } from "../authorized-request.ts";
import { errorBody, type FieldError } from "../core/error-body.ts";

const HEADERS = { "content-type": "application/json", "cache-control": "no-store" };

export function json(body: unknown): Response {
  return new Response(JSON.stringify(body), { status: 200, headers: HEADERS });
}

export function noContent(): Response {
  return new Response(null, { status: 204, headers: { "cache-control": "no-store" } });
}

/**
 * One page of a list.
 *
 * @param known the parameters that were understood: a link repeats those, and nothing else of what was sent
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

/** What an error may carry beside its sentence. */
interface ErrorExtras {
  readonly faults?: readonly FieldError[];
  /** Members beside `error`. */
  readonly beside?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

export function operationError(
  request: AuthorizedRequest,
  status: number,
  code: string,
  detail: string,
  more: ErrorExtras = {},
): Response {
  request.log.set({ outcome: code });
  const envelope = errorBody(status, code, detail, request.requestId, more.faults);
  return new Response(JSON.stringify({ ...envelope, ...more.beside }), {
    status,
    headers: { ...HEADERS, ...more.headers },
  });
}

const MAX_LISTED = 3;
/** Enough for whoever wants to mend a request; a body can have thousands. */
const MAX_ERRORS = 100;
const MAX_LOGGED = 20;

/** 400 with everything that is wrong. Aeon's clients print `detail` alone, so the first faults stand there as well. */
export function validationError(request: AuthorizedRequest, errors: readonly FieldError[]): Response {
  request.log.set({ faults: errors.slice(0, MAX_LOGGED).map((error) => error.field) });
  const listed = errors.slice(0, MAX_ERRORS);
  return operationError(request, 400, "invalid_request", `Invalid request: ${sentences(errors)}`, { faults: listed });
}

/** 403 for whoever would give away more than it has. */
export function escalationDenied(request: AuthorizedRequest, errors: readonly FieldError[]): Response {
  request.log.set({ faults: errors.map((error) => error.field) });
  return operationError(
    request,
    403,
    "insufficient_scope",
    `A key gives away no more than it has: ${sentences(errors)}`,
    {
      faults: errors,
      headers: { "www-authenticate": 'Bearer realm="gatehouse", error="insufficient_scope"' },
    },
  );
}

export function notFound(request: AuthorizedRequest, what: string): Response {
  return operationError(request, 404, "not_found", `${what} not found`);
}

/** The names of what stands in the way, as far as a sentence can hold them. */
export function listNames(references: readonly { readonly name: string }[]): string {
  const names = references.slice(0, 10).map((reference) => reference.name);
  return names.join(", ") + (references.length > names.length ? " and others" : "");
}

function sentences(errors: readonly FieldError[]): string {
  const first = errors.slice(0, MAX_LISTED).map(({ field, message }) => `${field}: ${message}`);
  return first.join(" ") + (errors.length > MAX_LISTED ? ` And ${errors.length - MAX_LISTED} more.` : "");
}
