// Changes that wait for a second person, those that were decided, and the decision.
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ApprovalData } from "../../admin/approvals/schema.ts";
import type { ListOf } from "../../admin/schema.ts";
import { loadList } from "../load-list.ts";
import { useSession } from "../session.ts";

/** The navigation shows how many wait: what somebody else asks for is seen without a reload. */
const REFRESH_MS = 60_000;
const PAGE_SIZE = 50;

/** Those that wait for a decision, the newest first. */
export function usePendingApprovals() {
  const { api, account, may } = useSession();
  return useQuery({
    queryKey: ["approvals", "pending"],
    enabled: may("API_KEY:READ"),
    refetchInterval: REFRESH_MS,
    queryFn: ({ signal }) =>
      loadList(`${account}/approvals?pending=true`, (path) => api.get<ListOf<ApprovalData>>(path, signal)),
  });
}

/** All, page after page, the newest first. */
export function useApprovals() {
  const { api, account } = useSession();
  return useInfiniteQuery({
    queryKey: ["approvals", "all"],
    initialPageParam: "",
    queryFn: ({ signal, pageParam }) => {
      const query = new URLSearchParams({ limit: String(PAGE_SIZE) });
      if (pageParam !== "") query.set("continuation_token", pageParam);
      return api.get<ListOf<ApprovalData>>(`${account}/approvals?${query}`, signal);
    },
    getNextPageParam: (page) => page._metadata.continuation_token,
  });
}

export function useApproval(id: string) {
  const { api, account } = useSession();
  return useQuery({
    queryKey: ["approvals", id],
    queryFn: async ({ signal }) => {
      const path = `${account}/approvals/${encodeURIComponent(id)}`;
      return (await api.get<{ data: ApprovalData }>(path, signal)).data;
    },
  });
}

/** @returns a function that approves or rejects; its requester withdraws a change by rejecting it */
export function useDecision(): (id: string, decision: "approve" | "reject") => Promise<void> {
  const { api, account } = useSession();
  const reload = useReloadApprovals();
  return async (id, decision) => {
    // Also after a failure: somebody else may have decided.
    await api.send("POST", `${account}/approvals/${encodeURIComponent(id)}/${decision}`).finally(reload);
  };
}

/** @returns a function that reads the approvals again */
export function useReloadApprovals(): () => Promise<void> {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: ["approvals"] });
}
