// The revocation of many keys: the server counts the keys of a filter, and revokes them while their number is the same.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { BulkRevocation, BulkRevokeBody } from "../../admin/api-keys/schema.ts";
import { Problem } from "../problem.ts";
import { useSession } from "../session.ts";
import { countOf } from "../ui/numbers.ts";
import type { Effective } from "./effects.tsx";
import type { KeyRow } from "./key-row.ts";

export type RevokeFilter = BulkRevokeBody["filter"];
/** How many keys match, and the oldest of them. */
export type Counted = Pick<BulkRevocation["data"], "count" | "sample">;

export function useBulkRevocation() {
  const { api, account } = useSession();
  const client = useQueryClient();
  const send = (body: BulkRevokeBody) => api.send<BulkRevocation>("POST", `${account}/api-keys/revoke`, body);
  return {
    count: async (filter: RevokeFilter): Promise<Counted> => (await send({ filter })).data,
    /**
     * Revokes the keys of a filter, batch after batch.
     *
     * @param count that the user has confirmed
     * @throws Problem `count_changed`: another number of keys matches by now
     */
    async revoke(filter: RevokeFilter, count: number, force: boolean): Promise<Effective> {
      let remaining = count;
      for (;;) {
        const response = await send({ filter, confirm_count: remaining, force }).catch((error) => {
          throw withProgress(error, count - remaining);
        });
        remaining = response.data.remaining;
        if (remaining === 0) return response.effective;
      }
    },
    /** Reads again what a revocation has changed. */
    reload() {
      for (const name of ["keys", "key", "roles", "allow-lists"]) {
        void client.invalidateQueries({ queryKey: [name] });
      }
    },
  };
}

/** A problem in the user's words: what was revoked before it, and what to do. */
function withProgress(error: unknown, revoked: number): unknown {
  if (!(error instanceof Problem)) return error;
  const changed = error.code === "count_changed" ? "Another number of keys matches by now. Confirm it again." : null;
  const before =
    revoked === 0 ? "" : `${countOf(revoked, "key")} ${revoked === 1 ? "was" : "were"} revoked before this. `;
  const faults = [...error.fieldErrors];
  return new Problem(error.kind, before + (changed ?? error.message), { code: error.code, faults }, error.body);
}

/** The keys that match by now, where a revocation was denied because their number has changed; `null`: another problem. */
export function recounted(error: unknown): Counted | null {
  if (!(error instanceof Problem) || error.code !== "count_changed") return null;
  return (error.body as { readonly data: Counted }).data;
}

/** The keys that a key has created or was rotated to, and what these have. */
export function useDescendants(key: KeyRow) {
  const { may } = useSession();
  const { count } = useBulkRevocation();
  return useQuery({
    queryKey: ["descendants", key.id],
    enabled: may("API_KEY:REVOKE"),
    staleTime: 0,
    gcTime: 0,
    queryFn: async () => {
      const all = await count({ descendants_of_id: key.id });
      // The filter includes the key itself, which is older than its descendants.
      const sample = all.sample.filter(({ id }) => id !== key.id);
      return { matching: all.count, count: all.count - all.sample.length + sample.length, sample };
    },
  });
}

/** The names of the first keys, and how many there are more. */
export function KeyNames({ label, counted: { count, sample } }: { readonly label: string; readonly counted: Counted }) {
  return (
    <ul aria-label={label} className="flex flex-col divide-y divide-kumo-line rounded-lg border border-kumo-line">
      {sample.map(({ id, name }) => (
        <li key={id} className="px-3 py-1 break-words">
          {name}
        </li>
      ))}
      {count > sample.length && <li className="px-3 py-1 text-kumo-subtle">and {count - sample.length} more</li>}
    </ul>
  );
}

export const MAX_DAYS = 3_650;
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** The creators of keys, by name. Two may have the same name, so a part of the ID is shown. */
export function creatorsOf(rows: readonly KeyRow[]) {
  const names = new Map(rows.flatMap(({ createdById, createdBy }) => (createdById ? [[createdById, createdBy]] : [])));
  const choices = [...names].map(([value, name]) => ({ value, text: `${name} (${value.slice(0, 8)})` }));
  return choices.sort((a, b) => a.text.localeCompare(b.text));
}

/** Whether a text is a number of days that the filter accepts. */
export const isDays = (text: string) => /^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= MAX_DAYS;

/**
 * The key that a name or an ID names; `id: null`: none is asked for. An ID may also be that of an operator.
 *
 * @param rows `null`: the keys are not known yet
 */
export function ancestorOf(text: string, rows: readonly KeyRow[] | null) {
  if (text === "") return { id: null };
  if (UUID.test(text)) return { id: text.toLowerCase() };
  if (rows === null) return { error: "The keys are still being loaded. Try again in a moment, or enter the ID." };
  const [key, ...others] = rows.filter(({ name }) => name === text);
  if (key === undefined) return { error: "No key has this name." };
  return others.length > 0 ? { error: "Several keys have this name. Enter the ID of one." } : { id: key.id };
}
