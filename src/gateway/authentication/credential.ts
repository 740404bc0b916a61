// What a request was authenticated by: a key of ours, or the token of an operator.
import type { Denial } from "../../core/access/decision.ts";
import type { KeyHash } from "../../core/access/principal.ts";
import type { Target } from "../../core/routing/match-operation.ts";
import type { Need, PendingKey, ResolvedKey, ResolvedPrincipal } from "../../store/key-cache/ports.ts";

/** The credential of a request, and the way to the record of its principal. A key is verified already, an operator's token with
 * its record. */
export interface Credential {
  /** The credential itself: nothing else in the request may hold it. */
  readonly text: string;
  /** `null`: an operator's credential. */
  readonly keyHash: KeyHash | null;
  /** A cached record that is fresh enough for a read. */
  readonly cached: ResolvedKey | null;
  /**
   * Read the record from storage.
   *
   * @returns the record, a record whose confirmation is pending, or the denial of a principal that has none
   * @throws when storage, or the keys of an operator's issuer, cannot be read
   */
  resolve(target: Target, need: Need): Promise<ResolvedPrincipal | PendingKey | Denial>;
}
