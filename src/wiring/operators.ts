// Creates the authentication of operators. app.ts loads it with the first request whose credential is not an API key.

import type { Config } from "../config/config.ts";
import type { IssuerConfig } from "../config/oidc.ts";
import type { IssuerVerifier, OperatorAuthentication } from "../gateway/gateway.ts";
import type { Clock } from "../store/lib/timeouts.ts";
import { createIssuerKeys } from "../store/operators/issuer-jwks.ts";
import { createOperatorFinder } from "../store/operators/repository.ts";

/** Creates the verifiers of the trusted issuers, and the finder of their operators. */
export function createOperatorAuthentication({ oidc, access, db }: Config, clock: Clock): OperatorAuthentication {
  const verifierOf = (issuer: IssuerConfig | null): IssuerVerifier | null =>
    issuer && {
      issuer: issuer.trusted,
      roleMap: issuer.roleMap,
      keys: createIssuerKeys({ at: issuer.keysAt, fetch: (url, init) => fetch(url, init), clock }),
    };
  const finder = createOperatorFinder(db);
  return { bearer: verifierOf(oidc), access: verifierOf(access), finder };
}
