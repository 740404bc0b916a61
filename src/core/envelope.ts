// The one shape of every error that Gatehouse answers: Aeon's envelope, with members that its clients ignore.

/** One thing wrong with what was sent. `field` is a path like `allow_list[3]`, or a parameter's name. */
export interface Fault {
  readonly field: string;
  readonly message: string;
}

export interface ErrorEnvelope {
  readonly error: {
    readonly status: number;
    /** What Aeon's clients print. */
    readonly detail: string;
    /** Stable for ever; the same in code, log, metric and docs. */
    readonly code: string;
    readonly request_id: string;
    readonly faults?: readonly Fault[];
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
export function errorEnvelope(
  status: number,
  code: string,
  detail: string,
  requestId: string,
  faults?: readonly Fault[],
): ErrorEnvelope {
  return { error: { status, detail, code, request_id: requestId, ...(faults ? { faults } : {}) } };
}
