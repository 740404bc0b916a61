// The audit log. The server filters it and divides it into pages.
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import type { AuditEventData } from "../../admin/audit/schema.ts";
import type { ListOf } from "../../admin/schema.ts";
import { loadFilledPage } from "../load-list.ts";
import { useSession } from "../session.ts";

export interface ActivityFilters {
  readonly search: string;
  /** `""`: all. */
  readonly eventType: string;
  readonly resourceType: string;
  /** Values of `<input type="date">`; `""`: no limit. */
  readonly from: string;
  readonly to: string;
}

export const NO_FILTERS: ActivityFilters = { search: "", eventType: "", resourceType: "", from: "", to: "" };
const PAGE_SIZE = 50;

/** The filters as query parameters of the API. */
export function queryStringOf({ search, eventType, resourceType, from, to }: ActivityFilters): URLSearchParams {
  const query = new URLSearchParams({ order: "desc" });
  if (search.trim() !== "") query.set("search", search.trim());
  if (eventType !== "") query.set("event_type", eventType);
  if (resourceType !== "") query.set("resource_type", resourceType);
  // Whole days in the user's time zone.
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
      const query = queryStringOf(filters);
      query.set("limit", String(PAGE_SIZE));
      if (pageParam !== "") query.set("continuation_token", pageParam);
      return loadFilledPage(query, (page) =>
        api.get<ListOf<AuditEventData>>(`${account}/audit/events?${page}`, signal),
      );
    },
    getNextPageParam: (page) => page._metadata.continuation_token,
  });
}

/** @returns a function that saves all events that match the filters, one JSON document per line */
export function useExport(): (filters: ActivityFilters) => Promise<void> {
  const { api, account } = useSession();
  return async (filters) => {
    const file = await api.download(`${account}/audit/events/export?${queryStringOf(filters)}`);
    const url = URL.createObjectURL(file);
    const link = document.createElement("a");
    link.href = url;
    link.download = "activity.ndjson";
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 1_000);
  };
}
