// Types that several resources of storage share.

/** Keeps a promise alive after the answer has gone out: `ExecutionContext.waitUntil`. */
export type Background = (work: Promise<unknown>) => void;

/** Who makes a change, for the row itself and for the audit log. */
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

/** A continuation token that this list has not made. Its caller answers 400. */
export type PageOrError<T> = Page<T> | { readonly fault: "continuation_token" };

export interface KeyReference {
  readonly id: string;
  readonly name: string;
  readonly issuer: string;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
}
