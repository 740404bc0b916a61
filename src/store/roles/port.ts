// Roles. When a call throws, the operation answers 503 and nothing has changed.

import type { Permission } from "../../core/access/permissions.ts";
import type { Restrictions } from "../../core/access/restrictions.ts";
import type { Actor, KeyReference, PageOrError } from "../common.ts";

/** A role as the key and role operations show it. */
export interface RoleDetails {
  readonly id: string;
  readonly displayName: string;
  readonly description: string;
  /** `null` for a built-in role: src/core/access/roles.ts knows. */
  readonly permissions: readonly Permission[] | null;
  readonly userDefined: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface RoleQuery {
  readonly accountId: string;
  readonly types: "ALL" | "SYSTEM" | "USER_DEFINED";
  /** Case-insensitive, exact match first, then names that contain it. */
  readonly displayName: string | null;
  readonly limit: number;
  readonly continuationToken: string | null;
}

export interface RoleDefinition {
  readonly displayName: string;
  readonly description: string;
  readonly permissions: readonly Permission[];
}

/** A live key or operator with a role. */
export interface RoleHolderDetails extends Restrictions {
  readonly id: string;
  readonly name: string;
}

export interface RoleRepository {
  create(
    accountId: string,
    id: string,
    spec: RoleDefinition,
    actor: Actor,
    now: number,
  ): Promise<RoleDetails | "name_taken">;
  /** Built-in roles belong to every account. */
  get(accountId: string, id: string): Promise<RoleDetails | null>;
  /** A built-in or custom role by its display name, without regard to case. */
  getByName(accountId: string, displayName: string): Promise<RoleDetails | null>;
  list(query: RoleQuery): Promise<PageOrError<RoleDetails>>;
  /** The keys that have these roles: at most 100 of each, those that are not revoked first. */
  keysOf(accountId: string, ids: readonly string[]): Promise<ReadonlyMap<string, readonly KeyReference[]>>;
  /**
   * Replaces the whole role; every key that has it goes up by one version in the same transaction.
   *
   * @param known changes nothing when anybody but these has the role by then; left out: whoever has it
   */
  update(
    accountId: string,
    id: string,
    spec: RoleDefinition,
    force: boolean,
    actor: Actor,
    now: number,
    known?: readonly string[],
  ): Promise<RoleDetails | "not_found" | "name_taken" | "last_manager" | "holders_changed">;
  /** Live keys and operators who have the role. */
  holdersOf(accountId: string, id: string, now: number): Promise<readonly RoleHolderDetails[]>;
  /** Refuses while an ACTIVE key has the role, and names those keys. */
  delete(
    accountId: string,
    id: string,
    actor: Actor,
    now: number,
  ): Promise<"deleted" | "not_found" | { readonly inUseBy: readonly KeyReference[] }>;
}
