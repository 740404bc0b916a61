// The fourth part of index.ts: who may name operators. Loaded with the first call that is not a key's.
import type { IssuerConfig } from "./core/issuers.ts";
import type { Config } from "./env.ts";
import type { OperatorDoor, Trust } from "./gateway/operators.ts";
import type { Clock } from "./store/budget.ts";
import { createD1OperatorFinder } from "./store/d1-operators.ts";
import { createIssuerKeys } from "./store/jwks.ts";

/** The issuers that are trusted, and where their operators are found. */
export function assembleOperators({ oidc, access, db, policy }: Config, clock: Clock): OperatorDoor {
  const trust = (issuer: IssuerConfig | null): Trust | null =>
    issuer && {
      issuer: issuer.trusted,
      keys: createIssuerKeys({ at: issuer.keysAt, fetch: (url, init) => fetch(url, init), clock }),
    };
  const finder = createD1OperatorFinder(db);
  return { bearer: trust(oidc), access: trust(access), finder, origins: policy.origins };
}
