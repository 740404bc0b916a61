// The fourth part of index.ts: who may name operators. Loaded with the first call that is not a key's.

import type { Config } from "../config.ts";
import type { IssuerConfig } from "../config-oidc.ts";
import type { IssuerVerifier, OperatorAuthentication } from "../gateway/gateway.ts";
import type { Clock } from "../store/lib/timeouts.ts";
import { createIssuerKeys } from "../store/operators/issuer-jwks.ts";
import { createOperatorFinder } from "../store/operators/repository.ts";

/** The issuers that are trusted, and where their operators are found. */
export function createOperatorAuthentication(
  { oidc, access, db, policy }: Config,
  clock: Clock,
): OperatorAuthentication {
  const trust = (issuer: IssuerConfig | null): IssuerVerifier | null =>
    issuer && {
      issuer: issuer.trusted,
      keys: createIssuerKeys({ at: issuer.keysAt, fetch: (url, init) => fetch(url, init), clock }),
    };
  const finder = createOperatorFinder(db);
  return { bearer: trust(oidc), access: trust(access), finder, origins: policy.origins };
}
