// Who did what and when, where the server answers it: until it does, neither this page nor the way to it is there.
import { Button } from "@cloudflare/kumo/components/button";
import { Input } from "@cloudflare/kumo/components/input";
import { Table } from "@cloudflare/kumo/components/table";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { ListOf } from "../admin/contract.ts";
import { loadPages } from "./pages.ts";
import { useSession } from "./session.ts";
import { DownloadIcon } from "./ui/icons.tsx";
import { LoadingRows, Nothing, ProblemNotice } from "./ui/notices.tsx";
import { Card, PageHeader } from "./ui/page.tsx";
import { When } from "./ui/time.tsx";

/** The members of Aeon's audit event that are shown. */
interface AuditEvent {
  readonly audit_event_id: string;
  readonly created_on: string;
  readonly message: string;
  readonly entity_name: string | null;
  readonly user_email: string | null;
}

export function useHasActivity(): boolean {
  const { api, account } = useSession();
  const { data } = useQuery({
    queryKey: ["has-activity"],
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    queryFn: async ({ signal }) => {
      const answer = await api
        .get<Partial<ListOf<AuditEvent>>>(`${account}/audit/events?limit=1`, signal)
        .catch(() => null);
      return Array.isArray(answer?.data) && answer.data.every((event) => typeof event.audit_event_id === "string");
    },
  });
  return data ?? false;
}

export function ActivityPage() {
  const { api, account } = useSession();
  const [search, setSearch] = useState("");
  const { data, error, refetch } = useQuery({
    queryKey: ["activity"],
    queryFn: ({ signal }) =>
      loadPages(`${account}/audit/events?order=desc`, (path) => api.get<ListOf<AuditEvent>>(path, signal)),
  });
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const events = (data ?? []).filter((event) => {
    const text = `${event.message} ${event.entity_name} ${event.user_email}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const save = (
    <Button icon={<DownloadIcon />} disabled={events.length === 0} onClick={() => download(events)}>
      Export
    </Button>
  );
  return (
    <>
      <PageHeader title="Activity" action={save}>
        Who changed what, the latest first.
      </PageHeader>
      {error && <ProblemNotice problem={error} onRetry={() => void refetch()} />}
      <Card>
        <search className="block border-b border-kumo-line p-3 sm:px-4">
          <Input
            type="search"
            aria-label="Search events by what happened, to what, and by whom"
            placeholder="Search …"
            className="w-full sm:w-72"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
          />
        </search>
        {data === undefined && !error && <LoadingRows what="events" />}
        {data && events.length === 0 && <Nothing title="No event">Nothing has happened that matches.</Nothing>}
        {events.length > 0 && <EventsTable events={events} />}
      </Card>
    </>
  );
}

const SHOWN = 200;

function EventsTable({ events }: { readonly events: readonly AuditEvent[] }) {
  return (
    <Table>
      <caption className="sr-only">Events</caption>
      <Table.Header>
        <Table.Row>
          <Table.Head>When</Table.Head>
          <Table.Head>What</Table.Head>
          <Table.Head>To what</Table.Head>
          <Table.Head>By whom</Table.Head>
        </Table.Row>
      </Table.Header>
      <Table.Body>
        {events.slice(0, SHOWN).map((event) => (
          <Table.Row key={event.audit_event_id}>
            <Table.Cell>
              <When at={Date.parse(event.created_on)} />
            </Table.Cell>
            <Table.Cell>{event.message}</Table.Cell>
            <Table.Cell>{event.entity_name}</Table.Cell>
            <Table.Cell>{event.user_email}</Table.Cell>
          </Table.Row>
        ))}
      </Table.Body>
    </Table>
  );
}

/** One JSON document a line. */
function download(events: readonly AuditEvent[]): void {
  const text = events.map((event) => `${JSON.stringify(event)}\n`).join("");
  const url = URL.createObjectURL(new Blob([text], { type: "application/x-ndjson" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = "activity.ndjson";
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1_000);
}
