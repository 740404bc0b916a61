// The IP allow lists, and the project that they belong to: the API behind the door says which projects there are.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import type { AllowListData, AllowListSpec, CreatedAllowList } from "../../admin/allow-lists/schema.ts";
import type { ListOf } from "../../admin/schema.ts";
import { ownAddress } from "../api.ts";
import { loadPages } from "../pages.ts";
import { useSession } from "../session.ts";

interface AccountAnswer {
  readonly data?: {
    readonly info?: { readonly projects?: readonly { readonly info?: { readonly id?: string } }[] };
  };
}

/** The account's project; `null` when the API behind the door names none. */
export function useProject() {
  const { api } = useSession();
  return useQuery({
    queryKey: ["project"],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) => {
      const { data } = await api.get<AccountAnswer>("/account", signal);
      return data?.info?.projects?.[0]?.info?.id ?? null;
    },
  });
}

export function useAllowLists() {
  const { api, account } = useSession();
  const project = useProject();
  const lists = useQuery({
    queryKey: ["allow-lists"],
    enabled: typeof project.data === "string",
    queryFn: ({ signal }) =>
      loadPages(`${account}/projects/${project.data}/allow-lists`, (path) =>
        api.get<ListOf<AllowListData>>(path, signal),
      ),
  });
  const retry = () => (project.error ? project.refetch() : lists.refetch());
  // Without a project there are no lists, and none can be made.
  const data = project.data === null ? [] : lists.data;
  return { data, error: project.error ?? lists.error, refetch: retry, project: project.data };
}

/** Names of lists by their ids; `null` while they are not known, and for lists of another project. */
export function useListNames(): (id: string) => string | null {
  const { data } = useAllowLists();
  return (id) => data?.find(({ info }) => info.id === id)?.spec.name ?? null;
}

export function useOwnAddress(): string | null {
  const { data } = useQuery({ queryKey: ["own-address"], queryFn: ownAddress, staleTime: 60_000 });
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
      const made = await api.send<CreatedAllowList>("POST", path, spec);
      await reload();
      return made;
    },
    async remove(id: string): Promise<void> {
      await api.send("DELETE", `${path}/${id}`);
      await reload();
    },
  };
}
