// Roles with their permissions, and the catalog of all permissions.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { PermissionData } from "../../admin/permissions/schema.ts";
import type { RoleData, RoleSpec } from "../../admin/roles/schema.ts";
import type { ListOf } from "../../admin/schema.ts";
import { loadList } from "../load-list.ts";
import { useSession } from "../session.ts";

export function useRoles() {
  const { api, account } = useSession();
  return useQuery({
    queryKey: ["roles"],
    queryFn: ({ signal }) =>
      loadList(`${account}/roles?include_permissions=true`, (path) => api.get<ListOf<RoleData>>(path, signal)),
  });
}

export function useCatalog() {
  const { api } = useSession();
  return useQuery({
    queryKey: ["catalog"],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) => (await api.get<{ data: PermissionData[] }>("/auth/permissions", signal)).data,
  });
}

export function useRoleChanges() {
  const { api, account } = useSession();
  const client = useQueryClient();
  const reload = () => client.invalidateQueries({ queryKey: ["roles"] });
  return {
    /** Creates a role, or replaces one as it was shown: a change of somebody else is a conflict. */
    async save(role: Pick<RoleData["info"], "id" | "etag"> | null, spec: RoleSpec, force: boolean): Promise<RoleData> {
      const path = role === null ? `${account}/roles` : `${account}/roles/${role.id}${force ? "?force=true" : ""}`;
      const shown = role === null ? {} : { "if-match": role.etag };
      const { data } = await api.send<{ data: RoleData }>(role === null ? "POST" : "PUT", path, spec, shown);
      await reload();
      return data;
    },
    async remove(id: string): Promise<void> {
      await api.send("DELETE", `${account}/roles/${id}`);
      await reload();
    },
  };
}
