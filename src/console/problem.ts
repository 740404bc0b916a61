// Failed requests to the API, classified for the console. The only file that reads an HTTP status.
import type { ErrorAnswer } from "../admin/schema.ts";

export type FieldError = NonNullable<ErrorAnswer["error"]["faults"]>[number];

export type ProblemKind =
  /** No response: the network failed, or the request timed out. */
  | "offline"
  /** The API no longer accepts the credential of the session. */
  | "signed_out"
  | "forbidden"
  | "missing"
  /** The state of the resource does not permit the change. */
  | "conflict"
  | "invalid"
  | "busy"
  | "unavailable";

export class Problem extends Error {
  override readonly name = "Problem";
  readonly kind: ProblemKind;
  readonly code: string;
  readonly fieldErrors: readonly FieldError[];
  readonly requestId: string | null;
  /** The whole body of the response: some errors carry data beside `error`. */
  readonly body: unknown;
  /** Sends the request of a form again, as it was; `null`: no form has sent it. */
  again: (() => void) | null = null;

  constructor(kind: ProblemKind, detail: string, from: Partial<ErrorAnswer["error"]> = {}, body: unknown = null) {
    super(detail);
    this.kind = kind;
    this.code = from.code ?? kind;
    this.fieldErrors = from.faults ?? [];
    this.requestId = from.request_id ?? null;
    this.body = body;
  }
}

export const OFFLINE = "Gatehouse did not respond. Check your connection and try again. Your input is kept.";

/** Reads the problem of a response whose status is not 2xx. */
export async function problemIn(response: Response): Promise<Problem> {
  const body = (await response.json().catch(() => null)) as Partial<ErrorAnswer> | null;
  const error: Partial<ErrorAnswer["error"]> = body?.error ?? {};
  const detail = error.detail ?? `Gatehouse responded with status ${response.status}.`;
  return new Problem(kindOf(response.status), detail, error, body);
}

function kindOf(status: number): ProblemKind {
  if (status === 400 || status === 413 || status === 415 || status === 422) return "invalid";
  if (status === 401) return "signed_out";
  if (status === 403) return "forbidden";
  if (status === 404) return "missing";
  if (status === 409 || status === 412) return "conflict";
  return status === 429 ? "busy" : "unavailable";
}

/** Converts an error that a query or an action threw. */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  return new Problem("offline", OFFLINE);
}

/** Whether a 404 says that the server does not have the operation, rather than the resource. */
export function isUnknownOperation({ kind, message }: Problem): boolean {
  return kind === "missing" && message === "Requested API not found";
}

/** The errors of one field and of the entries inside it: `allow_list` includes `allow_list[3]`. */
export function fieldErrorOf(problem: Problem | null, field: string): string | undefined {
  const errors = (problem?.fieldErrors ?? []).filter((error) => isWithin(error.field, field));
  const texts = errors.map((error) => (error.field === field ? error.message : lineOf(error.field) + error.message));
  return texts.length === 0 ? undefined : [...new Set(texts)].join(" ");
}

/** Whether the form must show the problem's own message: not all of its errors belong to one of these fields. */
export function isOutside(problem: Problem, fields: readonly string[]): boolean {
  const { fieldErrors } = problem;
  return fieldErrors.length === 0 || fieldErrors.some((error) => !fields.some((field) => isWithin(error.field, field)));
}

function isWithin(field: string, parent: string): boolean {
  return field === parent || field.startsWith(`${parent}[`) || field.startsWith(`${parent}.`);
}

function lineOf(field: string): string {
  const index = /\[(\d+)\]/.exec(field)?.[1];
  return index === undefined ? "" : `Line ${Number(index) + 1}: `;
}
