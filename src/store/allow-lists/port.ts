// IP allow lists. When a call throws, the operation answers 503 and nothing has changed.
import type { CanonicalCidr } from "../../core/ip/cidr.ts";
import type { Actor, KeyReference, PageOrError } from "../common.ts";

export interface AllowListDetails {
  readonly id: string;
  readonly accountId: string;
  readonly projectId: string;
  readonly name: string;
  readonly description: string;
  readonly rules: readonly CanonicalCidr[];
  readonly createdAt: number;
  /** The keys that are bound to it, whatever their state: at most 100, those that are not revoked first. */
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
  /** At least one. */
  readonly rules: readonly CanonicalCidr[];
}

export interface AllowListRepository {
  create(list: NewAllowList, actor: Actor, now: number): Promise<AllowListDetails | "name_taken">;
  get(accountId: string, projectId: string, id: string): Promise<AllowListDetails | null>;
  /** The lists of an account with these ids, in any project; those that do not exist are left out. */
  getMany(accountId: string, ids: readonly string[]): Promise<readonly AllowListDetails[]>;
  list(query: AllowListFilter): Promise<PageOrError<AllowListDetails>>;
  /** Refuses while an ACTIVE key is bound to the list, and names those keys. */
  delete(
    accountId: string,
    projectId: string,
    id: string,
    actor: Actor,
    now: number,
  ): Promise<"deleted" | "not_found" | { readonly inUseBy: readonly KeyReference[] }>;
}
