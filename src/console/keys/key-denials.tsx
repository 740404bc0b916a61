// The denied requests of a key in the last thirty days, counted by reason.
import { useQuery } from "@tanstack/react-query";
import type { RefusalData } from "../../admin/denials/schema.ts";
import type { ListOf } from "../../admin/schema.ts";
import { loadList } from "../load-list.ts";
import { useIsAvailable } from "../page-availability.ts";
import { useSession } from "../session.ts";
import { Section } from "../ui/facts.tsx";
import { type ReasonCount, ReasonList } from "./reason-list.tsx";

const PERIOD_MS = 30 * 86_400_000;

export function KeyDenials({ id }: { readonly id: string }) {
  const { api, account } = useSession();
  const { data } = useQuery({
    queryKey: ["key-denials", id],
    enabled: useIsAvailable("activity"),
    queryFn: ({ signal }) => {
      const from = new Date(Date.now() - PERIOD_MS).toISOString();
      const path = `${account}/audit/refusals?api_key_id=${encodeURIComponent(id)}&start_timestamp=${from}`;
      return loadList(path, (page) => api.get<ListOf<RefusalData>>(page, signal));
    },
  });
  if (data === undefined || data.length === 0) return null;
  return (
    <Section title="Denied in the last 30 days">
      <ReasonList reasons={countByReason(data)} />
    </Section>
  );
}

/** Highest count first. */
function countByReason(data: readonly RefusalData[]): readonly ReasonCount[] {
  const counts = [...Map.groupBy(data, ({ reason }) => reason)].map(([reason, entries]) => ({
    reason,
    count: entries.reduce((sum, entry) => sum + entry.count, 0),
    lastAt: Math.max(...entries.map((entry) => Date.parse(entry.last_on))),
  }));
  return counts.sort((a, b) => b.count - a.count);
}
