// Operators and the keys of their issuers. When a call throws, the operation or the request answers 503.

import type { OperatorRecord } from "../../core/access/principal.ts";
import type { KeySet, OidcIdentity } from "../../core/token/oidc-token.ts";
import type { Actor, Background, PageOrError } from "../common.ts";
import type { RoleDetails } from "../roles/port.ts";

/** A person who may act in an account, with the identity that they are found by: an e-mail address or a subject. */
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

export interface OperatorUpdate {
  readonly name: string;
  readonly roleId: string;
  readonly expireAfterHours: number;
  readonly expiresAt: number | null;
}

export interface NewOperator extends OperatorUpdate {
  readonly id: string;
  readonly accountId: string;
  readonly email: string | null;
  readonly subject: string | null;
  readonly issuer: string | null;
}

export interface OperatorQuery {
  readonly accountId: string;
  readonly limit: number;
  readonly continuationToken: string | null;
}

export interface OperatorRepository {
  get(accountId: string, id: string): Promise<OperatorDetails | null>;
  list(query: OperatorQuery): Promise<PageOrError<OperatorDetails>>;
  create(
    operator: NewOperator,
    actor: Actor,
    now: number,
  ): Promise<OperatorDetails | "identity_taken" | "reference_gone">;
  /** The identity stays: another person is another operator. */
  update(
    accountId: string,
    id: string,
    change: OperatorUpdate,
    force: boolean,
    actor: Actor,
    now: number,
  ): Promise<OperatorDetails | "not_found" | "last_manager" | "reference_gone">;
  delete(
    accountId: string,
    id: string,
    force: boolean,
    actor: Actor,
    now: number,
  ): Promise<"deleted" | "not_found" | "last_manager">;
}

/** Finds the operators that a person is, in every account. When it throws, the gateway answers 503. */
export interface OperatorFinder {
  find(identity: OidcIdentity): Promise<readonly OperatorRecord[]>;
}

/** The public keys of an issuer. When it throws, the gateway answers 503: nobody's identity is called wrong for it. */
export interface IssuerKeys {
  /** The keys to verify a token with that names this `kid`; without that key when the issuer has none such. */
  keysFor(kid: string | null, background: Background): Promise<KeySet>;
}
