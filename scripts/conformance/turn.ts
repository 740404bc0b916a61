// One answered request, as the code that reads answers sees it.
import type { Flag } from "./command-line.ts";
import type { Scope } from "./scope.ts";

/** One request that was answered with success, and whose answer decoded. */
export interface Turn {
  readonly words: string;
  readonly flags: ReadonlyMap<string, Flag>;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly scope: Scope;
  /** The name of the list that this turn looks for, when the command names one. */
  readonly listName: string | null;
}

// The answers are decoded by then, so their shape is known; these are the members used here.
export interface Item {
  readonly spec: {
    readonly name: string;
    readonly allow_list_info?: readonly string[];
    readonly permissions?: unknown;
  };
  readonly info: {
    readonly id: string;
    readonly status?: string;
    readonly display_name?: string;
    readonly is_user_defined?: boolean;
    readonly projects?: readonly Item[];
    readonly effective_permissions?: readonly unknown[];
  };
}
export type One = { readonly data: Item; readonly jwt?: string };
export type Many = { readonly data: readonly Item[] };
export type Cluster = {
  readonly spec: { readonly cluster_region_info: readonly { placement_info: { vpc_id?: string } }[] };
};

/** A fault, if it holds. */
export const when = (holds: boolean, fault: string) => (holds ? [fault] : []);
