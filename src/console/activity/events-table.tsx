// Audit events in a table. Each row expands to the event's details.
import { Table } from "@cloudflare/kumo/components/table";
import type { ReactNode } from "react";
import type { AuditEventData } from "../../admin/audit/schema.ts";
import type { Page } from "../pages.ts";
import { PageLink } from "../route.tsx";
import { When } from "../ui/time.tsx";

export function EventsTable({ events }: { readonly events: readonly AuditEventData[] }) {
  return (
    <Table>
      <caption className="sr-only">Events</caption>
      <Table.Header>
        <Table.Row>
          <Table.Head>Event</Table.Head>
          <Table.Head>Resource</Table.Head>
          <Table.Head className="hidden sm:table-cell">Actor</Table.Head>
          <Table.Head className="hidden lg:table-cell">Client address</Table.Head>
          <Table.Head>Time</Table.Head>
        </Table.Row>
      </Table.Header>
      <Table.Body>
        {events.map((event) => (
          <Table.Row key={event.audit_event_id} className="align-top">
            <Table.Cell>
              <EventDetails event={event} />
            </Table.Cell>
            <Table.Cell className="break-words">
              <Resource event={event} />
              <span className="block text-sm text-kumo-subtle sm:hidden">{event.actor.name}</span>
            </Table.Cell>
            <Table.Cell className="hidden sm:table-cell">
              <Actor actor={event.actor} />
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

function Actor({ actor }: Pick<AuditEventData, "actor">): ReactNode {
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
  ENDPOINT: "endpoints",
};

/** A link, unless the event deleted the resource. */
function Resource({ event }: { readonly event: AuditEventData }) {
  const page = PAGE_OF[event.resource_type];
  if (page === undefined || event.event_type === "DELETE") return event.entity_name;
  return (
    <PageLink page={page} id={event.entity_id} className="text-kumo-link underline">
      {event.entity_name}
    </PageLink>
  );
}

function EventDetails({ event }: { readonly event: AuditEventData }) {
  const facts = [
    ["Event ID", event.audit_event_id],
    ["Request ID", event.request_id],
    ["Details", Object.keys(event.detail).length === 0 ? null : JSON.stringify(event.detail, null, 2)],
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
