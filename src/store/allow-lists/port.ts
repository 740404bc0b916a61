// IP allow lists. When one of these throws, the operation answers 503 and nothing has changed.
import type { CanonicalCidr } from "../../core/ip/cidr.ts";
import type { Actor, KeyReference, PageOrError } from "../common.ts";

export interface AllowListDetails {
  readonly id: string;
  readonly accountId: string;
  readonly projectId: string;
  readonly name: string;
  readonly description: string;
  readonly rules: readonly CanonicalCidr[];
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

export interface AllowListRepository {
  /** Creates an allow list with a name that is unique within its project. */
  create(list: NewAllowList, actor: Actor, now: number): Promise<AllowListDetails | "name_taken">;
  /** Reads an allow list of a project. */
  get(accountId: string, projectId: string, id: string): Promise<AllowListDetails | null>;
  /** Reads the account's allow lists with these ids, in any project; those that do not exist are left out. */
  getMany(accountId: string, ids: readonly string[]): Promise<readonly AllowListDetails[]>;
  /** Reads one page of a project's allow lists. */
  list(query: AllowListFilter): Promise<PageOrError<AllowListDetails>>;
  /** Soft-deletes an allow list, unless an active key or a dry run uses it. */
  delete(
    accountId: string,
    projectId: string,
    id: string,
    actor: Actor,
    now: number,
  ): Promise<"deleted" | "not_found" | { readonly inUseBy: readonly KeyReference[] }>;
}
