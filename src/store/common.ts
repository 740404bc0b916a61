// Types that several resources of the store share.

/** Keeps work running after the response was sent: `ExecutionContext.waitUntil`. */
export type Background = (work: Promise<unknown>) => void;

/** Who makes a change, for the changed row and for the audit log. */
export interface Actor {
  readonly type: "API_KEY" | "OPERATOR" | "SYSTEM";
  readonly id: string | null;
  readonly name: string;
  readonly address: string | null;
  readonly requestId: string | null;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Opaque; `null` on the last page. */
  readonly continuationToken: string | null;
}

/** A page, or the error of a continuation token that this list has not issued: the operation answers 400. */
export type PageOrError<T> = Page<T> | { readonly error: "invalid_continuation_token" };

/** An API key as other resources refer to it. Times are in milliseconds since the epoch. */
export interface KeyReference {
  readonly id: string;
  readonly name: string;
  readonly issuer: string;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
}
