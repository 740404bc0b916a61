// IP allow lists. When one of these throws, the operation answers 503 and nothing has changed.
import type { CanonicalCidr } from "../../core/ip/cidr.ts";
import type { Actor, KeyReference, PageOrError } from "../common.ts";
import type { RoleDetails } from "../roles/port.ts";

export interface AllowListDetails {
  readonly id: string;
  readonly accountId: string;
  readonly projectId: string;
  readonly name: string;
  readonly description: string;
  readonly rules: readonly CanonicalCidr[];
  /** Goes up by one when it is replaced. */
  readonly version: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** The keys that are bound to it, in any state: at most 100, those that are not revoked first. */
  readonly keys: readonly KeyReference[];
}

export interface AllowListFilter {
  readonly accountId: string;
  readonly projectId: string;
  readonly name: string | null;
  /** Only lists that one of these keys is bound to; empty: any. */
  readonly apiKeyIds: readonly string[];
  readonly order: "asc" | "desc";
  readonly orderBy: "created_on" | "name";
  readonly limit: number;
  readonly continuationToken: string | null;
}

export interface NewAllowList {
  readonly id: string;
  readonly accountId: string;
  readonly projectId: string;
  readonly name: string;
  readonly description: string;
  /** Canonical rules, at least one. */
  readonly rules: readonly CanonicalCidr[];
}

/** An active key that is bound to a list, or has it in its dry run. */
export interface ListUser {
  readonly id: string;
  readonly version: number;
  readonly name: string;
  readonly role: RoleDetails;
  readonly expiresAt: number | null;
  /** The lists that it is bound to; empty: any address. */
  readonly lists: readonly { readonly id: string; readonly rules: readonly CanonicalCidr[] }[];
  readonly lastUsedAt: number | null;
  readonly lastUsedAddress: string | null;
}

export interface AllowListUpdate {
  /** As it is to be, with the version that was read. */
  readonly list: AllowListDetails;
  /** All users, for which the update was authorized. */
  readonly users: readonly ListUser[];
}

export interface ListReplacement {
  readonly from: AllowListDetails;
  readonly to: AllowListDetails;
  /** All users of `from`, for which the replacement was authorized. */
  readonly users: readonly ListUser[];
}

export interface AllowListRepository {
  /** Creates an allow list with a name that is unique within its project. */
  create(list: NewAllowList, actor: Actor, now: number): Promise<AllowListDetails | "name_taken" | "quota_exceeded">;
  /** Reads an allow list of a project. */
  get(accountId: string, projectId: string, id: string): Promise<AllowListDetails | null>;
  /** Reads the account's allow lists with these ids, in any project; those that do not exist are left out. */
  getMany(accountId: string, ids: readonly string[]): Promise<readonly AllowListDetails[]>;
  /** Reads one page of a project's allow lists. */
  list(query: AllowListFilter): Promise<PageOrError<AllowListDetails>>;
  /** Whether the account has an allow list in this project. */
  hasAny(accountId: string, projectId: string): Promise<boolean>;
  /** Reads the users of an allow list, at most a thousand and one. */
  usersOf(id: string, now: number): Promise<readonly ListUser[]>;
  /** Replaces name, description and rules, while the list and its users are as they were read. */
  replace(
    update: AllowListUpdate,
    actor: Actor,
    now: number,
  ): Promise<"replaced" | "users_changed" | "name_taken" | "changed">;
  /** Binds another list to the keys of a list in its place; their dry runs stay as they are. */
  replaceOnKeys(
    replacement: ListReplacement,
    actor: Actor,
    now: number,
  ): Promise<"replaced" | "users_changed" | "changed" | "reference_gone">;
  /** Soft-deletes an allow list, unless an active key or a dry run uses it. */
  delete(
    accountId: string,
    projectId: string,
    id: string,
    actor: Actor,
    now: number,
  ): Promise<"deleted" | "not_found" | { readonly inUseBy: readonly KeyReference[] }>;
}
