// The one shape of every error that Gatehouse answers: Aeon's envelope, with members that its clients ignore.

/** One thing wrong with what was sent. `field` is a path like `allow_list[3]`, or a parameter's name. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

export interface ErrorBody {
  readonly error: {
    readonly status: number;
    /** What Aeon's clients print. */
    readonly detail: string;
    /** Stable for ever; the same in code, log, metric and docs. */
    readonly code: string;
    readonly request_id: string;
    readonly faults?: readonly FieldError[];
  };
}

/**
 * The body of an error answer.
 *
 * @param status the HTTP status that goes with it
 * @param code a snake_case reason
 * @param detail a sentence for people; never a part of what was sent
 * @param faults everything wrong with the input at once, where it was the input
 */
export function errorBody(
  status: number,
  code: string,
  detail: string,
  requestId: string,
  errors?: readonly FieldError[],
): ErrorBody {
  return { error: { status, detail, code, request_id: requestId, ...(errors ? { faults: errors } : {}) } };
}
