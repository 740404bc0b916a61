// The IP allow lists and the project that they belong to, which the upstream API names.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import type {
  AllowListData,
  AllowListSpec,
  CreatedAllowList,
  ReplacedAllowList,
} from "../../admin/allow-lists/schema.ts";
import type { ListOf } from "../../admin/schema.ts";
import { fetchOwnAddress } from "../api.ts";
import { loadList } from "../load-list.ts";
import { Problem } from "../problem.ts";
import { useSession } from "../session.ts";

interface AccountResponse {
  readonly data?: {
    readonly info?: { readonly projects?: readonly { readonly info?: { readonly id?: string } }[] };
  };
}

/** The project is not known until the user enters its ID: the upstream API is not served on the console's host. */
export const PROJECT_UNKNOWN = "";

/** The ID of the account's project; `null`: the upstream API names none. */
export function useProject() {
  const { api } = useSession();
  return useQuery({
    queryKey: ["project"],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) => {
      try {
        const { data } = await api.get<AccountResponse>("/account", signal);
        return data?.info?.projects?.[0]?.info?.id ?? null;
      } catch (error) {
        if (error instanceof Problem && error.code === "host_not_served") return PROJECT_UNKNOWN;
        throw error;
      }
    },
  });
}

/** @returns a function that sets the ID of the project, until a reload */
export function useEnterProject(): (id: string) => void {
  const client = useQueryClient();
  return (id) => client.setQueryData(["project"], id);
}

export function useAllowLists() {
  const { api, account } = useSession();
  const project = useProject();
  const lists = useQuery({
    queryKey: ["allow-lists", project.data],
    enabled: typeof project.data === "string" && project.data !== PROJECT_UNKNOWN,
    queryFn: ({ signal }) =>
      loadList(`${account}/projects/${project.data}/allow-lists`, (path) =>
        api.get<ListOf<AllowListData>>(path, signal),
      ),
  });
  const retry = () => (project.error ? project.refetch() : lists.refetch());
  // Every allow list belongs to a project.
  const data = project.data === null || project.data === PROJECT_UNKNOWN ? [] : lists.data;
  return { data, error: project.error ?? lists.error, refetch: retry, project: project.data };
}

/** @returns a function from ID to name; `null` until the lists are loaded, and for a list of another project */
export function useListNames(): (id: string) => string | null {
  const { data } = useAllowLists();
  return (id) => data?.find(({ info }) => info.id === id)?.spec.name ?? null;
}

export function useOwnAddress(): string | null {
  const { data } = useQuery({ queryKey: ["own-address"], queryFn: fetchOwnAddress, staleTime: 60_000 });
  return data ?? null;
}

export function useListChanges() {
  const { api, account } = useSession();
  const client = useQueryClient();
  const { data: project } = useProject();
  const path = `${account}/projects/${project}/allow-lists`;
  const reload = useCallback(() => client.invalidateQueries({ queryKey: ["allow-lists"] }), [client]);
  return {
    async create(spec: AllowListSpec): Promise<CreatedAllowList> {
      const created = await api.send<CreatedAllowList>("POST", path, spec);
      await reload();
      return created;
    },
    /** @param dryRun whether the response only shows what would change */
    async edit({ info }: AllowListData, spec: AllowListSpec, dryRun: boolean): Promise<ReplacedAllowList> {
      const target = `${path}/${info.id}${dryRun ? "?dry_run=true" : ""}`;
      const edited = await api.send<ReplacedAllowList>("PUT", target, spec, { "if-match": info.etag });
      if (!dryRun) await reload();
      return edited;
    },
    /** Gives all keys of a list another list in its place. */
    async replaceOnKeys({ info }: AllowListData, otherId: string, dryRun: boolean): Promise<ReplacedAllowList> {
      const target = `${path}/${info.id}/replace${dryRun ? "?dry_run=true" : ""}`;
      const body = { allow_list_id: otherId };
      const replaced = await api.send<ReplacedAllowList>("POST", target, body, { "if-match": info.etag });
      if (dryRun) return replaced;
      // The keys have another list by now.
      for (const queryKey of [["keys"], ["key"]]) void client.invalidateQueries({ queryKey });
      await reload();
      return replaced;
    },
    async remove(id: string): Promise<void> {
      await api.send("DELETE", `${path}/${id}`);
      await reload();
    },
  };
}
