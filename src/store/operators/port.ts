// Operators and the keys of their issuers. When one of these throws, the request answers 503, never 401, and nothing has
// changed.
import type { AccountEntry } from "../../core/access/choose-account.ts";
import type { OperatorIdentity, OperatorRecord } from "../../core/access/principal.ts";
import type { MappedRole } from "../../core/access/role-mapping.ts";
import type { KeySet } from "../../core/token/oidc-token.ts";
import type { Actor, Background, PageOrError } from "../common.ts";
import type { RoleDetails } from "../roles/port.ts";

/**
 * A person who may act in an account, with their identity: an e-mail address, or a subject of an issuer. Times are in
 * milliseconds since the epoch.
 */
export interface OperatorDetails {
  readonly id: string;
  readonly accountId: string;
  /** Goes up by one with every change of the operator and of their role. */
  readonly version: number;
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
  ): Promise<OperatorDetails | "identity_taken" | "quota_exceeded" | "reference_gone">;
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

/** A person's entry in one account. It is decoded when it is chosen: an unreadable one ends no request in other accounts. */
export interface OperatorEntry extends AccountEntry {
  /** @throws CorruptRecord for a row with an unknown role or permission */
  readonly decode: () => Omit<OperatorRecord, "accounts">;
}

export interface OperatorFinder {
  /**
   * Reads the entries of an identity: at most a hundred, those in one account first, then those by subject; after them, one for
   * each role by groups in an account where the identity has no entry.
   *
   * @param accountId the account that the request names; `null`: it names none
   */
  find(
    identity: OperatorIdentity,
    accountId: string | null,
    mapped: readonly MappedRole[],
  ): Promise<readonly OperatorEntry[]>;
}

/** The public keys of one issuer. */
export interface IssuerKeys {
  /** Returns the key set to verify a token with this `kid`; without that key when the issuer does not have it. */
  keysFor(kid: string | null, background: Background): Promise<KeySet>;
}
