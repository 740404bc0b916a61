// Reports of leaked keys. When one of these throws, the report is answered 503, and is to be sent again.
import type { KeyHash } from "../../core/access/principal.ts";
import type { GithubKey } from "../../core/leaks/github.ts";
import type { Leak } from "../../core/leaks/report.ts";
import type { Background } from "../common.ts";

export interface LeakReports {
  /**
   * Marks keys as compromised and, by the policy of their account, revokes or disables them: once each, however often they are reported.
   *
   * @param address where the report came from
   * @returns the hashes that are of a key, whatever its state; `null`: more keys than one report may change were not done
   *   yet, so that the report is to be sent again
   */
  report(
    leaks: readonly Leak[],
    address: string | null,
    requestId: string,
    background: Background,
  ): Promise<ReadonlySet<KeyHash> | null>;
}

export interface GithubKeys {
  /** A key of GitHub by its id; `null`: it has none, or does not sign with it any more. */
  find(keyId: string): Promise<GithubKey | null>;
}
