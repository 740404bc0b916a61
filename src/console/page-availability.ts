// Which pages the signed-in user can use. It only hides links: the server authorizes every request.
import { useQuery } from "@tanstack/react-query";
import type { ListOf } from "../admin/schema.ts";
import { PAGES, type Page, type PageDefinition } from "./pages.ts";
import { useSession } from "./session.ts";

/** Whether the user has the page's permission and the server responds with the page's list. */
export function useIsAvailable(page: Page): boolean {
  const { api, account, may } = useSession();
  const { permission, list }: PageDefinition = PAGES[page];
  const permitted = permission === undefined || may(permission);
  const { data } = useQuery({
    queryKey: ["available", page],
    enabled: permitted && list !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    queryFn: async ({ signal }) => {
      const response = await api.get<Partial<ListOf<unknown>>>(`${account}/${list}?limit=1`, signal).catch(() => null);
      return Array.isArray(response?.data);
    },
  });
  return permitted && (list === undefined || (data ?? false));
}
