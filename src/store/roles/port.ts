// Roles. When one of these throws, the operation answers 503 and nothing has changed.

import type { Permission } from "../../core/access/permissions.ts";
import type { Restrictions } from "../../core/access/restrictions.ts";
import type { Actor, KeyReference, PageOrError } from "../common.ts";

/** A role as the key and role operations show it. Times are in milliseconds since the epoch. */
export interface RoleDetails {
  readonly id: string;
  readonly displayName: string;
  readonly description: string;
  /** `null` for a built-in role: src/core/access/roles.ts has its permissions. */
  readonly permissions: readonly Permission[] | null;
  readonly userDefined: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Goes up by one with every change. */
  readonly version: number;
}

export interface RoleQuery {
  readonly accountId: string;
  readonly types: "ALL" | "SYSTEM" | "USER_DEFINED";
  /** Without regard to case: the exact match first, then names that contain it. */
  readonly displayName: string | null;
  readonly limit: number;
  readonly continuationToken: string | null;
}

export interface RoleDefinition {
  readonly displayName: string;
  readonly description: string;
  readonly permissions: readonly Permission[];
}

/** An update that replaces the whole role. */
export interface RoleUpdate {
  readonly accountId: string;
  readonly id: string;
  readonly definition: RoleDefinition;
  /** Updates the role even when no key or operator could manage keys afterwards. */
  readonly force: boolean;
  /** The holders that the actor was checked against: the update fails when one is new or has changed. Left out: any. */
  readonly knownHolders?: readonly HolderVersion[] | undefined;
}

/** A key or an operator at one of its versions. */
export interface HolderVersion {
  readonly id: string;
  readonly version: number;
}

/** An active key or operator with a role. */
export interface RoleHolderDetails extends Restrictions, HolderVersion {
  readonly name: string;
}

export interface RoleRepository {
  /** Creates a custom role. */
  create(
    accountId: string,
    id: string,
    definition: RoleDefinition,
    actor: Actor,
    now: number,
  ): Promise<RoleDetails | "name_taken" | "quota_exceeded">;
  /** Reads a custom role of the account, or a built-in role. */
  get(accountId: string, id: string): Promise<RoleDetails | null>;
  /** Reads a built-in or custom role by its display name, without regard to case. */
  getByName(accountId: string, displayName: string): Promise<RoleDetails | null>;
  /** Reads one page of the account's roles. */
  list(query: RoleQuery): Promise<PageOrError<RoleDetails>>;
  /** Reads the keys with these roles: at most 100 of each role, those that are not revoked first. */
  keysOf(accountId: string, ids: readonly string[]): Promise<ReadonlyMap<string, readonly KeyReference[]>>;
  /** Updates a custom role and, in the same transaction, the version of every key and operator that has it. */
  update(
    update: RoleUpdate,
    actor: Actor,
    now: number,
  ): Promise<RoleDetails | "not_found" | "name_taken" | "last_manager" | "holders_changed">;
  /** Reads the active keys and operators with a role. */
  holdersOf(accountId: string, id: string, now: number): Promise<readonly RoleHolderDetails[]>;
  /** Soft-deletes a custom role, unless a key or an operator has it. */
  delete(
    accountId: string,
    id: string,
    actor: Actor,
    now: number,
  ): Promise<"deleted" | "not_found" | { readonly inUseBy: readonly KeyReference[] }>;
}
