// The alarm of canary keys. Reporting never throws: an error is logged, and the next use is reported again.
import type { Background } from "../common.ts";

/** A request with a canary key. */
export interface CanaryUse {
  readonly keyId: string;
  readonly accountId: string;
  readonly name: string;
  readonly requestId: string;
  /** Canonical; `null`: unknown. */
  readonly address: string | null;
  /** Its /24 or /48. */
  readonly network: string | null;
  readonly country: string | null;
  readonly method: string;
  /** Of limited length, and without a credential. */
  readonly path: string | null;
  /** `null`: the operation table has no such operation, or it was not looked up. */
  readonly operationId: string | null;
}

export interface CanaryAlarms {
  /**
   * Writes the audit event of a use: at most one for each key and network in an hour, and 20 for each key, however many requests
   * there are and in however many isolates.
   */
  report(use: CanaryUse, now: number, background: Background): void;
}
