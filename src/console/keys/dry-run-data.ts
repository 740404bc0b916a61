// The trial of a key: what it is tried with, report-only, and what that would have refused so far.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { ApiKeyData } from "../../admin/api-keys/schema.ts";
import type { TrialData } from "../../admin/dry-runs/schema.ts";
import { Problem } from "../problem.ts";
import { useSession } from "../session.ts";
import type { Effective } from "./effects.tsx";
import { useRememberKey } from "./keys-data.ts";

/** Left out: it stays as the key has it. */
export interface TrialTerms {
  readonly role_id?: string;
  readonly allow_list_info?: readonly string[];
}

const trialKey = (id: string) => ["trial", id] as const;

function usePath(id: string): string {
  return `${useSession().account}/api-keys/${encodeURIComponent(id)}/trial`;
}

/** `trial` is `null`: there is none; the whole is `null`: the server offers no trials to whoever is signed in. */
export function useTrial(id: string) {
  const { api, may } = useSession();
  const path = usePath(id);
  return useQuery({
    queryKey: trialKey(id),
    enabled: may("API_KEY:READ"),
    staleTime: 0,
    queryFn: async ({ signal }): Promise<{ readonly trial: TrialData | null } | null> => {
      try {
        return { trial: (await api.get<{ data: TrialData }>(path, signal)).data };
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        // Another 404 is of a server that knows of no trials.
        if (error.kind === "missing") return error.message === "Dry run not found" ? { trial: null } : null;
        if (error.kind === "forbidden") return null;
        throw error;
      }
    },
  });
}

export function useTrialChanges(id: string) {
  const { api, selfId } = useSession();
  const client = useQueryClient();
  const remember = useRememberKey();
  const path = usePath(id);
  function note(trial: TrialData | null) {
    client.setQueryData(trialKey(id), { trial });
    void client.invalidateQueries({ queryKey: ["key-events", id] });
  }
  return {
    /** Starts one, in place of the one before. */
    async start(terms: TrialTerms): Promise<void> {
      note((await api.send<{ data: TrialData }>("PUT", path, terms)).data);
    },
    /** @param seen the trial that whoever promotes has looked at: another one is shown first */
    async promote(seen: string, force: boolean): Promise<Effective> {
      const { data: now } = await api.get<{ data: TrialData }>(path);
      if (now.info.id !== seen) {
        note(now);
        throw new Problem("conflict", "The trial was replaced meanwhile: look at it again.");
      }
      const query = force ? "?force=true" : "";
      const answer = await api.send<{ data: ApiKeyData; effective: Effective }>("POST", `${path}/promote${query}`);
      note(null);
      remember(answer.data);
      // The own key may have lost what the rest of the console asks with: that is said where it is asked.
      if (id !== selfId) void client.invalidateQueries({ queryKey: ["key", id] });
      return answer.effective;
    },
    async drop(): Promise<void> {
      await api.send("DELETE", path);
      note(null);
    },
  };
}
