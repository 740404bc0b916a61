// The body of every error response of Gatehouse: the envelope that existing clients read, with more members, which they
// ignore.

/** One error in the input of a request. `field` is a path like `allow_list[3]`, or the name of a parameter. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

export interface ErrorBody {
  readonly error: {
    readonly status: number;
    /** The only member that existing clients print. */
    readonly detail: string;
    /** Stable for ever; the same in code, log, metrics and docs. */
    readonly code: string;
    readonly request_id: string;
    readonly faults?: readonly FieldError[];
  };
}

/**
 * The body of an error response.
 *
 * @param status the HTTP status of the response
 * @param code a snake_case reason
 * @param detail a sentence for people; never repeats the input
 * @param errors all errors in the input, if the input is what is wrong
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
