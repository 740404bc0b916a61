// The recent history of a key: its audit events, or the timestamps of the key where the user may not read the audit log.
import { useQuery } from "@tanstack/react-query";
import type { AuditEventData } from "../../admin/audit/schema.ts";
import type { ListOf } from "../../admin/schema.ts";
import { loadFilledPage } from "../load-list.ts";
import { useIsAvailable } from "../page-availability.ts";
import { useSession } from "../session.ts";
import { ProblemNotice } from "../ui/notices.tsx";
import { When } from "../ui/time.tsx";
import type { KeyRow } from "./key-row.ts";

interface HistoryEntry {
  readonly at: number;
  readonly text: string;
}

const RECENT = 20;
const VERBS: Readonly<Record<string, string>> = { CREATE: "Created", REVOKE: "Revoked", EXPIRE: "Expired" };

/** Latest first. */
export function KeyEvents({ keyRow: key }: { readonly keyRow: KeyRow }) {
  const logged = useKeyEvents(key);
  const events = logged.data?.length ? logged.data.map(entryOfEvent) : entriesOfKey(key);
  const used = key.lastUsedFrom === null ? "Last used" : `Last used from ${key.lastUsedFrom}`;
  const all = key.lastUsedAt === null ? [...events] : [...events, { at: key.lastUsedAt, text: used }];
  all.sort((a, b) => b.at - a.at);
  return (
    <>
      {logged.error && <ProblemNotice problem={logged.error} onRetry={() => void logged.refetch()} />}
      <ol className="flex flex-col gap-2 border-l-2 border-kumo-line pl-4">
        {all.map(({ at, text }) => (
          <li key={`${at} ${text}`} className="flex flex-wrap justify-between gap-x-4">
            <span>{text}</span>
            <span className="text-kumo-subtle">
              <When at={at} />
            </span>
          </li>
        ))}
      </ol>
    </>
  );
}

function useKeyEvents(key: KeyRow) {
  const { api, account, selfId } = useSession();
  const available = useIsAvailable("activity");
  // The session cannot read anything after its own key is revoked or disabled.
  const ended = key.id === selfId && (key.status === "REVOKED" || key.status === "DISABLED");
  return useQuery({
    // A change of the status adds an event.
    queryKey: ["key-events", key.id, key.status],
    enabled: available && !ended,
    queryFn: async ({ signal }) => {
      const query = new URLSearchParams({ search: key.id, resource_type: "API_KEY", limit: String(RECENT) });
      const page = await loadFilledPage(query, (each) =>
        api.get<ListOf<AuditEventData>>(`${account}/audit/events?${each}`, signal),
      );
      return page.data.filter((event) => event.entity_id === key.id);
    },
  });
}

function entryOfEvent(event: AuditEventData): HistoryEntry {
  // EDIT covers several changes: only the message names the change.
  const verb = event.event_type === "EDIT" ? event.message : (VERBS[event.event_type] ?? event.event_name);
  const by = event.actor.type === "SYSTEM" ? "" : ` by ${event.actor.name}`;
  const from = event.address === null ? "" : ` from ${event.address}`;
  return { at: Date.parse(event.created_on), text: `${verb}${by}${from}` };
}

function entriesOfKey(key: KeyRow): HistoryEntry[] {
  const entries = [{ at: key.createdAt, text: `Created by ${key.createdBy}` }];
  if (key.status === "EXPIRED" && key.expiresAt !== null) entries.push({ at: key.expiresAt, text: "Expired" });
  if (key.revokedAt !== null) {
    entries.push({ at: key.revokedAt, text: `Revoked${key.revokedBy === null ? "" : ` by ${key.revokedBy}`}` });
  }
  return entries;
}
