// The endpoints that the account's events are sent to.
import { Button } from "@cloudflare/kumo/components/button";
import { Table } from "@cloudflare/kumo/components/table";
import { useState } from "react";
import type { EndpointData } from "../../admin/endpoints/schema.ts";
import { goTo, PageLink } from "../route.tsx";
import { useSession } from "../session.ts";
import { StatusBadge } from "../ui/facts.tsx";
import { PlusIcon } from "../ui/icons.tsx";
import { EmptyState } from "../ui/notices.tsx";
import { ResourcePage } from "../ui/resource.tsx";
import { EndpointForm } from "./endpoint-form.tsx";
import { EndpointSheet } from "./endpoint-sheet.tsx";
import { useEndpoints } from "./endpoints-data.ts";

export function EndpointsPage({ openId }: { readonly openId: string | null }) {
  const { may } = useSession();
  const query = useEndpoints();
  const [adding, setAdding] = useState(false);
  const add = may("AUDIT_EVENT:CREATE") && (
    <Button variant="primary" icon={<PlusIcon />} onClick={() => setAdding(true)}>
      Add endpoint
    </Button>
  );
  return (
    <>
      <ResourcePage
        title="Endpoints"
        intro="Where the account's audit events are sent, signed, at least once and in order for each resource."
        query={query}
        action={add}
        empty={
          <EmptyState title="No endpoint yet" action={add}>
            Events are in the audit log, and are sent nowhere.
          </EmptyState>
        }
      >
        {(endpoints) => <EndpointsTable endpoints={endpoints} />}
      </ResourcePage>
      {openId !== null && <EndpointSheet key={openId} id={openId} onClose={() => goTo("endpoints")} />}
      {adding && <EndpointForm endpoint={null} onClose={() => setAdding(false)} />}
    </>
  );
}

function EndpointsTable({ endpoints }: { readonly endpoints: readonly EndpointData[] }) {
  return (
    <Table>
      <caption className="sr-only">Endpoints</caption>
      <Table.Header>
        <Table.Row>
          <Table.Head>Name</Table.Head>
          <Table.Head className="hidden md:table-cell">URL</Table.Head>
          <Table.Head className="hidden sm:table-cell">Events</Table.Head>
          <Table.Head>Status</Table.Head>
        </Table.Row>
      </Table.Header>
      <Table.Body>
        {endpoints.map(({ spec, info }) => (
          <Table.Row
            key={info.id}
            className="cursor-pointer hover:bg-kumo-tint"
            onClick={() => goTo("endpoints", info.id)}
          >
            <Table.Cell>
              <PageLink page="endpoints" id={info.id} className="font-medium break-words hover:underline">
                {spec.name}
              </PageLink>
            </Table.Cell>
            <Table.Cell className="hidden break-all md:table-cell">{new URL(spec.url).host}</Table.Cell>
            <Table.Cell className="hidden break-words sm:table-cell">
              {spec.event_types.length === 0 ? "All" : spec.event_types.join(", ")}
            </Table.Cell>
            <Table.Cell>
              <StatusBadge status={info.status} />
            </Table.Cell>
          </Table.Row>
        ))}
      </Table.Body>
    </Table>
  );
}
