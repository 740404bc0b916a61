// What has happened to a key, and how often it was refused: from the audit log, where whoever is signed in may read it.
import { useQuery } from "@tanstack/react-query";
import type { AuditEventData } from "../../admin/audit/schema.ts";
import type { RefusalData } from "../../admin/denials/schema.ts";
import type { ListOf } from "../../admin/schema.ts";
import { useHasActivity } from "../activity/activity-data.ts";
import { loadPages } from "../pages.ts";
import { useSession } from "../session.ts";
import { Section } from "../ui/facts.tsx";
import { ProblemNotice } from "../ui/notices.tsx";
import { When } from "../ui/time.tsx";
import type { KeyRow } from "./key-row.ts";

interface Happening {
  readonly at: number;
  readonly what: string;
}

const RECENT = 20;
const REFUSALS_MS = 30 * 86_400_000;
const NUMBER = new Intl.NumberFormat();
const VERBS: Readonly<Record<string, string>> = { CREATE: "Created", REVOKE: "Revoked", EXPIRE: "Expired" };

/** The latest first; what the key itself says stands in for a log that cannot be read. */
export function KeyEvents({ keyRow: key }: { readonly keyRow: KeyRow }) {
  const { api, account, selfId } = useSession();
  const hasActivity = useHasActivity();
  // Whoever has ended the own key can ask for nothing more.
  const ended = key.id === selfId && key.status === "REVOKED";
  const logged = useQuery({
    // With every change of the key there is another event.
    queryKey: ["key-events", key.id, key.status],
    enabled: hasActivity && !ended,
    queryFn: async ({ signal }) => {
      const query = new URLSearchParams({ search: key.id, resource_type: "API_KEY", limit: String(RECENT) });
      const page = await api.get<ListOf<AuditEventData>>(`${account}/audit/events?${query}`, signal);
      return page.data.filter((event) => event.entity_id === key.id);
    },
  });
  const events = logged.data?.length ? logged.data.map(happeningOf) : told(key);
  const used = key.lastUsedFrom === null ? "Last used" : `Last used from ${key.lastUsedFrom}`;
  const all = key.lastUsedAt === null ? [...events] : [...events, { at: key.lastUsedAt, what: used }];
  all.sort((a, b) => b.at - a.at);
  return (
    <>
      {logged.error && <ProblemNotice problem={logged.error} onRetry={() => void logged.refetch()} />}
      <ol className="flex flex-col gap-2 border-l-2 border-kumo-line pl-4">
        {all.map(({ at, what }) => (
          <li key={`${at} ${what}`} className="flex flex-wrap justify-between gap-x-4">
            <span>{what}</span>
            <span className="text-kumo-subtle">
              <When at={at} />
            </span>
          </li>
        ))}
      </ol>
    </>
  );
}

function happeningOf(event: AuditEventData): Happening {
  // To edit is many things: the event itself says which.
  const verb = event.event_type === "EDIT" ? event.message : (VERBS[event.event_type] ?? event.event_name);
  const by = event.actor.type === "SYSTEM" ? "" : ` by ${event.actor.name}`;
  const from = event.address === null ? "" : ` from ${event.address}`;
  return { at: Date.parse(event.created_on), what: `${verb}${by}${from}` };
}

function told(key: KeyRow): Happening[] {
  const events = [{ at: key.createdAt, what: `Created by ${key.createdBy}` }];
  if (key.status === "EXPIRED" && key.expiresAt !== null) events.push({ at: key.expiresAt, what: "Expired" });
  if (key.revokedAt !== null) {
    events.push({ at: key.revokedAt, what: `Revoked${key.revokedBy === null ? "" : ` by ${key.revokedBy}`}` });
  }
  return events;
}

/** How often the key was refused in the last thirty days, by the code that its callers were told. */
export function KeyRefusals({ id }: { readonly id: string }) {
  const { api, account } = useSession();
  const { data } = useQuery({
    queryKey: ["key-refusals", id],
    enabled: useHasActivity(),
    queryFn: ({ signal }) => {
      const from = new Date(Date.now() - REFUSALS_MS).toISOString();
      const path = `${account}/audit/refusals?api_key_id=${encodeURIComponent(id)}&start_timestamp=${from}`;
      return loadPages(path, (page) => api.get<ListOf<RefusalData>>(page, signal));
    },
  });
  if (data === undefined || data.length === 0) return null;
  const byReason = [...Map.groupBy(data, ({ reason }) => reason)].map(([reason, counts]) => ({
    reason,
    count: counts.reduce((sum, each) => sum + each.count, 0),
    lastAt: Math.max(...counts.map((each) => Date.parse(each.last_on))),
  }));
  byReason.sort((a, b) => b.count - a.count);
  return (
    <Section title="Refused in the last 30 days">
      <ul className="flex flex-col divide-y divide-kumo-line rounded-lg border border-kumo-line">
        {byReason.map(({ reason, count, lastAt }) => (
          <li key={reason} className="flex flex-wrap justify-between gap-x-4 px-3 py-2">
            <code>{reason}</code>
            <span className="tabular text-kumo-subtle">
              {NUMBER.format(count)} {count === 1 ? "call" : "calls"}, the last <When at={lastAt} />
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}
