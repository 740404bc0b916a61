// What went wrong with a call, in the terms in which the console speaks of it. The one place where a status is read.
import type { ErrorAnswer } from "../admin/schema.ts";

export type Fault = NonNullable<ErrorAnswer["error"]["faults"]>[number];

export type ProblemKind =
  /** No answer came: the network is away, or it took too long. */
  | "offline"
  /** The key that signed in is not good any more. */
  | "signed_out"
  | "forbidden"
  | "missing"
  /** The world has changed meanwhile, or something stands in the way. */
  | "conflict"
  | "invalid"
  | "busy"
  | "unavailable";

export class Problem extends Error {
  override readonly name = "Problem";
  readonly kind: ProblemKind;
  readonly code: string;
  readonly faults: readonly Fault[];
  readonly requestId: string | null;
  /** The whole answer, for what stands beside the error in it. */
  readonly answer: unknown;

  constructor(kind: ProblemKind, detail: string, from: Partial<ErrorAnswer["error"]> = {}, answer: unknown = null) {
    super(detail);
    this.kind = kind;
    this.code = from.code ?? kind;
    this.faults = from.faults ?? [];
    this.requestId = from.request_id ?? null;
    this.answer = answer;
  }
}

export const OFFLINE = "Gatehouse did not answer. Check your connection and try again; nothing you typed is lost.";

/** The problem in an answer that is not a success. */
export async function problemIn(response: Response): Promise<Problem> {
  const answer = (await response.json().catch(() => null)) as Partial<ErrorAnswer> | null;
  const error: Partial<ErrorAnswer["error"]> = answer?.error ?? {};
  const detail = error.detail ?? `Gatehouse answered with status ${response.status}.`;
  return new Problem(kindOf(response.status), detail, error, answer);
}

function kindOf(status: number): ProblemKind {
  if (status === 400 || status === 413 || status === 415 || status === 422) return "invalid";
  if (status === 401) return "signed_out";
  if (status === 403) return "forbidden";
  if (status === 404) return "missing";
  if (status === 409) return "conflict";
  return status === 429 ? "busy" : "unavailable";
}

/** What a query or an action threw, as a problem. */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  return new Problem("offline", OFFLINE);
}

/** The faults of one field, with those of what is inside it: `allow_list` has those of `allow_list[3]`. */
export function faultIn(problem: Problem | null, field: string): string | undefined {
  const own = (problem?.faults ?? []).filter((fault) => isWithin(fault.field, field));
  const texts = own.map((fault) => (fault.field === field ? fault.message : `${placeIn(fault.field)}${fault.message}`));
  return texts.length === 0 ? undefined : [...new Set(texts)].join(" ");
}

/** Whether some fault belongs to none of these fields, or there is no fault: then the sentence itself is shown. */
export function isBeyond(problem: Problem, fields: readonly string[]): boolean {
  const { faults } = problem;
  return faults.length === 0 || faults.some((fault) => !fields.some((field) => isWithin(fault.field, field)));
}

function isWithin(field: string, whole: string): boolean {
  return field === whole || field.startsWith(`${whole}[`) || field.startsWith(`${whole}.`);
}

function placeIn(field: string): string {
  const index = /\[(\d+)\]/.exec(field)?.[1];
  return index === undefined ? "" : `Line ${Number(index) + 1}: `;
}
