// The audit log as the console asks for it: filtered and cut into pages by the server, never gathered here.
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { AuditEventData } from "../../admin/audit/schema.ts";
import type { ListOf } from "../../admin/schema.ts";
import { useSession } from "../session.ts";

export interface ActivityFilters {
  readonly search: string;
  /** `""`: every one. */
  readonly eventType: string;
  readonly resourceType: string;
  /** Days as `<input type="date">` has them; `""`: no border. */
  readonly from: string;
  readonly to: string;
}

export const EVERYTHING: ActivityFilters = { search: "", eventType: "", resourceType: "", from: "", to: "" };
const AT_ONCE = 50;

/** Whether the server answers this to whoever is signed in: what it does not is not offered. */
export function useIsOffered(list: "audit/events" | "operators", permission: string): boolean {
  const { api, account, may } = useSession();
  const { data } = useQuery({
    queryKey: ["offered", list],
    enabled: may(permission),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    queryFn: async ({ signal }) => {
      const answer = await api.get<Partial<ListOf<unknown>>>(`${account}/${list}?limit=1`, signal).catch(() => null);
      return Array.isArray(answer?.data);
    },
  });
  return data ?? false;
}

export const useHasActivity = () => useIsOffered("audit/events", "AUDIT_EVENT:READ");

/** The filters as the server reads them. */
export function queryOf({ search, eventType, resourceType, from, to }: ActivityFilters): URLSearchParams {
  const query = new URLSearchParams({ order: "desc" });
  if (search.trim() !== "") query.set("search", search.trim());
  if (eventType !== "") query.set("event_type", eventType);
  if (resourceType !== "") query.set("resource_type", resourceType);
  // Whole days, where the person who chooses them lives.
  if (from !== "") query.set("start_timestamp", new Date(`${from}T00:00:00`).toISOString());
  if (to !== "") query.set("end_timestamp", new Date(`${to}T23:59:59.999`).toISOString());
  return query;
}

export function useEvents(filters: ActivityFilters) {
  const { api, account } = useSession();
  return useInfiniteQuery({
    queryKey: ["activity", filters],
    placeholderData: keepPreviousData,
    initialPageParam: "",
    queryFn: ({ signal, pageParam }) => {
      const query = queryOf(filters);
      query.set("limit", String(AT_ONCE));
      if (pageParam !== "") query.set("continuation_token", pageParam);
      return api.get<ListOf<AuditEventData>>(`${account}/audit/events?${query}`, signal);
    },
    getNextPageParam: (page) => page._metadata.continuation_token,
  });
}

/** Saves every event that the filters let through, not only those that are shown, as one JSON document a line. */
export function useExport(): (filters: ActivityFilters) => Promise<void> {
  const { api, account } = useSession();
  return async (filters) => {
    const file = await api.file(`${account}/audit/events/export?${queryOf(filters)}`);
    const url = URL.createObjectURL(file);
    const link = document.createElement("a");
    link.href = url;
    link.download = "activity.ndjson";
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 1_000);
  };
}
