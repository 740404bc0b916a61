// The policy of the account: what it allows of its keys.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { PolicyData } from "../../admin/policy/schema.ts";
import { useSession } from "../session.ts";

export type PolicySpec = PolicyData["spec"];

export function usePolicy() {
  const { api, account, may } = useSession();
  return useQuery({
    queryKey: ["policy"],
    enabled: may("API_KEY:READ"),
    queryFn: async ({ signal }) => (await api.get<{ data: PolicyData }>(`${account}/policy`, signal)).data,
  });
}

/** @returns a function that replaces the policy as it was shown: a change of somebody else is a conflict */
export function useSavePolicy(): (shown: PolicyData, spec: PolicySpec) => Promise<void> {
  const { api, account } = useSession();
  const client = useQueryClient();
  return async ({ info }, spec) => {
    await api.send("PUT", `${account}/policy`, spec, { "if-match": info.etag });
    // The lists of keys leave out and select by the policy.
    await Promise.all(["policy", "keys"].map((name) => client.invalidateQueries({ queryKey: [name] })));
  };
}
