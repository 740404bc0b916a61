// Operators and the keys of their issuers. When one of these throws, the request answers 503, never 401, and nothing has
// changed.
import type { OperatorRecord } from "../../core/access/principal.ts";
import type { KeySet, OidcIdentity } from "../../core/token/oidc-token.ts";
import type { Actor, Background, PageOrError } from "../common.ts";
import type { RoleDetails } from "../roles/port.ts";

/**
 * A person who may act in an account, with their identity: an e-mail address, or a subject of an issuer. Times are in
 * milliseconds since the epoch.
 */
export interface OperatorDetails {
  readonly id: string;
  readonly accountId: string;
  readonly email: string | null;
  readonly subject: string | null;
  readonly issuer: string | null;
  readonly name: string;
  readonly role: RoleDetails;
  readonly expireAfterHours: number;
  readonly expiresAt: number | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly createdByName: string;
}

/** What an operator may be given: everything but the identity, which never changes. */
export interface OperatorAccess {
  readonly name: string;
  readonly roleId: string;
  readonly expireAfterHours: number;
  readonly expiresAt: number | null;
}

export interface NewOperator extends OperatorAccess {
  readonly id: string;
  readonly accountId: string;
  readonly email: string | null;
  readonly subject: string | null;
  readonly issuer: string | null;
}

export interface OperatorUpdate extends OperatorAccess {
  readonly id: string;
  readonly accountId: string;
  /** Updates the operator even when no key or operator could manage keys afterwards. */
  readonly force: boolean;
}

export interface OperatorQuery {
  readonly accountId: string;
  readonly limit: number;
  readonly continuationToken: string | null;
}

export interface OperatorRepository {
  /** Reads an operator of the account. */
  get(accountId: string, id: string): Promise<OperatorDetails | null>;
  /** Reads one page of the account's operators, the oldest first. */
  list(query: OperatorQuery): Promise<PageOrError<OperatorDetails>>;
  /** Creates an operator. */
  create(
    operator: NewOperator,
    actor: Actor,
    now: number,
  ): Promise<OperatorDetails | "identity_taken" | "reference_gone">;
  /** Updates everything but the identity. */
  update(
    update: OperatorUpdate,
    actor: Actor,
    now: number,
  ): Promise<OperatorDetails | "not_found" | "last_manager" | "reference_gone">;
  /** Soft-deletes an operator; with `force` also the last one who can manage keys. */
  delete(
    accountId: string,
    id: string,
    force: boolean,
    actor: Actor,
    now: number,
  ): Promise<"deleted" | "not_found" | "last_manager">;
}

export interface OperatorFinder {
  /** Reads the operators of an identity, in every account. */
  find(identity: OidcIdentity): Promise<readonly OperatorRecord[]>;
}

/** The public keys of one issuer. */
export interface IssuerKeys {
  /** Returns the key set to verify a token with this `kid`; without that key when the issuer does not have it. */
  keysFor(kid: string | null, background: Background): Promise<KeySet>;
}
