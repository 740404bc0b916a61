// Events in a table, each with what stood there before and after for whoever asks.
import { Table } from "@cloudflare/kumo/components/table";
import type { ReactNode } from "react";
import type { AuditEventData } from "../../admin/audit/schema.ts";
import { type Page, PageLink } from "../route.tsx";
import { When } from "../ui/time.tsx";

export function EventsTable({ events }: { readonly events: readonly AuditEventData[] }) {
  return (
    <Table>
      <caption className="sr-only">Events</caption>
      <Table.Header>
        <Table.Row>
          <Table.Head>What</Table.Head>
          <Table.Head>To what</Table.Head>
          <Table.Head className="hidden sm:table-cell">By whom</Table.Head>
          <Table.Head className="hidden lg:table-cell">From</Table.Head>
          <Table.Head>When</Table.Head>
        </Table.Row>
      </Table.Header>
      <Table.Body>
        {events.map((event) => (
          <Table.Row key={event.audit_event_id} className="align-top">
            <Table.Cell>
              <Detail event={event} />
            </Table.Cell>
            <Table.Cell className="break-words">
              <Thing event={event} />
              <span className="block text-sm text-kumo-subtle sm:hidden">{event.actor.name}</span>
            </Table.Cell>
            <Table.Cell className="hidden sm:table-cell">
              <Who actor={event.actor} />
            </Table.Cell>
            <Table.Cell className="tabular hidden lg:table-cell">{event.address ?? "–"}</Table.Cell>
            <Table.Cell className="whitespace-nowrap">
              <When at={Date.parse(event.created_on)} />
            </Table.Cell>
          </Table.Row>
        ))}
      </Table.Body>
    </Table>
  );
}

const ACTORS = { API_KEY: "API key", OPERATOR: "operator", SYSTEM: "" } as const;

function Who({ actor }: Pick<AuditEventData, "actor">): ReactNode {
  const kind = ACTORS[actor.type];
  if (actor.type !== "API_KEY" || actor.id === null) {
    return `${actor.name}${kind === "" ? "" : ` (${kind})`}`;
  }
  return (
    <PageLink page="keys" id={actor.id} className="underline-offset-2 hover:underline">
      {actor.name}
    </PageLink>
  );
}

const PAGE_OF: Readonly<Record<string, Page>> = {
  API_KEY: "keys",
  ALLOW_LIST: "allow-lists",
  ROLE: "roles",
  OPERATOR: "operators",
};

/** What it happened to; a link while it may still be there. */
function Thing({ event }: { readonly event: AuditEventData }) {
  const page = PAGE_OF[event.resource_type];
  if (page === undefined || event.event_type === "DELETE") return event.entity_name;
  return (
    <PageLink page={page} id={event.entity_id} className="text-kumo-link underline">
      {event.entity_name}
    </PageLink>
  );
}

function Detail({ event }: { readonly event: AuditEventData }) {
  const facts = [
    ["Event", event.audit_event_id],
    ["Request", event.request_id],
    ["Detail", Object.keys(event.detail).length === 0 ? null : JSON.stringify(event.detail, null, 2)],
  ];
  return (
    <details>
      <summary className="cursor-pointer">{event.event_name}</summary>
      <dl className="mt-2 flex flex-col gap-1 text-sm">
        {facts.map(
          ([name, text]) =>
            text !== null && (
              <div key={name}>
                <dt className="text-kumo-subtle">{name}</dt>
                <dd className="font-mono break-all whitespace-pre-wrap">{text}</dd>
              </div>
            ),
        )}
      </dl>
    </details>
  );
}
