// The people who may act in the account, and what can be done about them.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { OperatorData } from "../../admin/operators/schema.ts";
import type { ListOf } from "../../admin/schema.ts";
import { loadPages } from "../pages.ts";
import { useSession } from "../session.ts";

export function useOperators() {
  const { api, account } = useSession();
  return useQuery({
    queryKey: ["operators"],
    queryFn: ({ signal }) => loadPages(`${account}/operators`, (path) => api.get<ListOf<OperatorData>>(path, signal)),
  });
}

/** What is asked for; who somebody is cannot be changed afterwards. */
export interface OperatorWish {
  readonly name: string;
  readonly role_id: string;
  /** Left out: as it was. */
  readonly expire_after_hours?: number;
  readonly email?: string;
  readonly subject?: string;
}

export function useOperatorChanges() {
  const { api, account } = useSession();
  const client = useQueryClient();
  const reload = () => client.invalidateQueries({ queryKey: ["operators"] });
  const forced = (force: boolean) => (force ? "?force=true" : "");
  return {
    /** Adds an operator, or changes the one with this id. */
    async save(id: string | null, wish: OperatorWish, force: boolean): Promise<void> {
      if (id === null) await api.send("POST", `${account}/operators`, wish);
      else await api.send("PUT", `${account}/operators/${id}${forced(force)}`, wish);
      await reload();
    },
    async remove(id: string, force: boolean): Promise<void> {
      await api.send("DELETE", `${account}/operators/${id}${forced(force)}`);
      await reload();
    },
  };
}

const NEVER_YEAR = 2099;

/** When an operator's time ends; `null`: never. */
export function endOf({ info }: OperatorData): number | null {
  const at = Date.parse(info.expiry_time.replace(/^(\d{4}-\d\d-\d\dT\d\d:\d\d)Z$/, "$1:00Z"));
  return new Date(at).getUTCFullYear() >= NEVER_YEAR ? null : at;
}
