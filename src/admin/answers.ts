// The answers to operators: data in Aeon's envelopes, errors in the one shape that all of Gatehouse uses. Nothing here is
// ever to be cached.
import { errorEnvelope, type Fault } from "../core/envelope.ts";
import type { AdminCall } from "./call.ts";

const HEADERS = { "content-type": "application/json", "cache-control": "no-store" };

export function answer(body: unknown): Response {
  return new Response(JSON.stringify(body), { status: 200, headers: HEADERS });
}

export function answerNothing(): Response {
  return new Response(null, { status: 204, headers: { "cache-control": "no-store" } });
}

/**
 * One page of a list.
 *
 * @param known the parameters that were understood: a link repeats those, and nothing else of what was sent
 */
export function answerList(
  call: AdminCall,
  data: readonly unknown[],
  token: string | null,
  known: URLSearchParams,
): Response {
  const link = (parameters: URLSearchParams) => call.path + (parameters.size > 0 ? `?${parameters}` : "");
  const next = new URLSearchParams(known);
  if (token !== null) next.set("continuation_token", token);
  const links = { self: link(known), next: token === null ? null : link(next) };
  return answer({ data, _metadata: { continuation_token: token, links } });
}

/** What an error may carry beside its sentence. */
interface More {
  readonly faults?: readonly Fault[];
  /** Members beside `error`. */
  readonly beside?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

export function answerError(call: AdminCall, status: number, code: string, detail: string, more: More = {}): Response {
  call.log.set({ outcome: code });
  const envelope = errorEnvelope(status, code, detail, call.requestId, more.faults);
  return new Response(JSON.stringify({ ...envelope, ...more.beside }), {
    status,
    headers: { ...HEADERS, ...more.headers },
  });
}

const NAMED = 3;
/** Enough for whoever wants to mend a request; a body can have thousands. */
const MAX_FAULTS = 100;
const MAX_LOGGED = 20;

/** 400 with everything that is wrong. Aeon's clients print `detail` alone, so the first faults stand there as well. */
export function answerInvalid(call: AdminCall, faults: readonly Fault[]): Response {
  call.log.set({ faults: faults.slice(0, MAX_LOGGED).map((fault) => fault.field) });
  const told = faults.slice(0, MAX_FAULTS);
  return answerError(call, 400, "invalid_request", `Invalid request: ${sentences(faults)}`, { faults: told });
}

/** 403 for whoever would give away more than it has. */
export function answerExcess(call: AdminCall, faults: readonly Fault[]): Response {
  call.log.set({ faults: faults.map((fault) => fault.field) });
  return answerError(call, 403, "insufficient_scope", `A key gives away no more than it has: ${sentences(faults)}`, {
    faults,
    headers: { "www-authenticate": 'Bearer realm="gatehouse", error="insufficient_scope"' },
  });
}

export function answerNotFound(call: AdminCall, what: string): Response {
  return answerError(call, 404, "not_found", `${what} not found`);
}

/** The names of what stands in the way, as far as a sentence can hold them. */
export function named(references: readonly { readonly name: string }[]): string {
  const names = references.slice(0, 10).map((reference) => reference.name);
  return names.join(", ") + (references.length > names.length ? " and others" : "");
}

function sentences(faults: readonly Fault[]): string {
  const first = faults.slice(0, NAMED).map(({ field, message }) => `${field}: ${message}`);
  return first.join(" ") + (faults.length > NAMED ? ` And ${faults.length - NAMED} more.` : "");
}
