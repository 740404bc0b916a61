// The dry run of a key: a narrower role or other allow lists, report-only, and the requests that it would have denied.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { ApiKeyData } from "../../admin/api-keys/schema.ts";
import type { TrialData as DryRunData } from "../../admin/dry-runs/schema.ts";
import { isUnknownOperation, Problem } from "../problem.ts";
import { useSession } from "../session.ts";
import type { Effective } from "./effects.tsx";
import { useUpdateKey } from "./keys-data.ts";

export type { DryRunData };

/** A member that is left out stays as the key has it. */
export interface DryRunTerms {
  readonly role_id?: string;
  readonly allow_list_info?: readonly string[];
}

const queryKeyOf = (keyId: string) => ["dry-run", keyId] as const;

function usePath(keyId: string): string {
  return `${useSession().account}/api-keys/${encodeURIComponent(keyId)}/trial`;
}

/** Data `null`: the server offers the user no dry runs; `dryRun: null`: the key has none. */
export function useDryRun(keyId: string) {
  const { api, may } = useSession();
  const path = usePath(keyId);
  return useQuery({
    queryKey: queryKeyOf(keyId),
    enabled: may("API_KEY:READ"),
    staleTime: 0,
    queryFn: async ({ signal }): Promise<{ readonly dryRun: DryRunData | null } | null> => {
      try {
        return { dryRun: (await api.get<{ data: DryRunData }>(path, signal)).data };
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        if (isUnknownOperation(error) || error.kind === "forbidden") return null;
        if (error.kind === "missing") return { dryRun: null };
        throw error;
      }
    },
  });
}

export function useDryRunChanges(keyId: string) {
  const { api, selfId } = useSession();
  const client = useQueryClient();
  const updateKey = useUpdateKey();
  const path = usePath(keyId);
  function cache(dryRun: DryRunData | null) {
    client.setQueryData(queryKeyOf(keyId), { dryRun });
    void client.invalidateQueries({ queryKey: ["key-events", keyId] });
  }
  return {
    /** Starts a dry run and replaces the current one. */
    async start(terms: DryRunTerms): Promise<void> {
      cache((await api.send<{ data: DryRunData }>("PUT", path, terms)).data);
    },
    /** @param reviewedId the dry run that the user reviewed: a newer one is shown and not promoted */
    async promote(reviewedId: string, force: boolean): Promise<Effective> {
      const promotion = `${path}/promote${force ? "?force=true" : ""}`;
      const reviewed = { "if-match": `"${reviewedId}"` };
      const response = await api
        .send<{ data: ApiKeyData; effective: Effective }>("POST", promotion, undefined, reviewed)
        .catch(async (error) => {
          if (!(error instanceof Problem) || error.code !== "precondition_failed") throw error;
          cache((await api.get<{ data: DryRunData }>(path)).data);
          throw new Problem("conflict", "The dry run was replaced in the meantime. Review the new one first.");
        });
      cache(null);
      updateKey(response.data);
      // The session's own key may have lost permissions: a refetch would put an error over the receipt.
      if (keyId !== selfId) void client.invalidateQueries({ queryKey: ["key", keyId] });
      return response.effective;
    },
    async discard(): Promise<void> {
      await api.send("DELETE", path);
      cache(null);
    },
  };
}
