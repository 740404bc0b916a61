// The IP allow lists of the project.
import { Button } from "@cloudflare/kumo/components/button";
import { Input } from "@cloudflare/kumo/components/input";
import { Table } from "@cloudflare/kumo/components/table";
import { type FormEvent, useState } from "react";
import type { AllowListData } from "../../admin/allow-lists/schema.ts";
import { goTo, PageLink } from "../route.tsx";
import { useSession } from "../session.ts";
import { withError } from "../ui/field-error.tsx";
import { PlusIcon } from "../ui/icons.tsx";
import { EmptyState } from "../ui/notices.tsx";
import { Buttons } from "../ui/overlay.tsx";
import { ResourcePage } from "../ui/resource.tsx";
import { AllowListSheet } from "./allow-list-sheet.tsx";
import { PROJECT_UNKNOWN, useAllowLists, useEnterProject } from "./allow-lists-data.ts";
import { CreateAllowList } from "./create-allow-list.tsx";

export function AllowListsPage({ openId }: { readonly openId: string | null }) {
  const { may } = useSession();
  const query = useAllowLists();
  const [creating, setCreating] = useState(false);
  const create = may("NETWORK_ALLOW_LIST:CREATE") && query.project && (
    <Button variant="primary" icon={<PlusIcon />} onClick={() => setCreating(true)}>
      Create allow list
    </Button>
  );
  const empty =
    query.project === PROJECT_UNKNOWN ? (
      <EnterProject />
    ) : query.project === null ? (
      <EmptyState title="No project">
        Allow lists belong to a project, and the upstream API names no project for this account.
      </EmptyState>
    ) : (
      <EmptyState title="No allow list yet" action={create}>
        A key without an allow list can be used from any address.
      </EmptyState>
    );
  return (
    <>
      <ResourcePage
        title="IP allow lists"
        intro="The client addresses from which keys can be used."
        query={query}
        action={create}
        empty={empty}
      >
        {(lists) => <AllowListsTable lists={lists} />}
      </ResourcePage>
      {openId !== null && <AllowListSheet key={openId} id={openId} onClose={() => goTo("allow-lists")} />}
      {creating && <CreateAllowList onClose={() => setCreating(false)} />}
    </>
  );
}

/** Asks for the project's ID, which the upstream API cannot name on this host. */
function EnterProject() {
  const enter = useEnterProject();
  const [id, setId] = useState("");
  const [invalid, setInvalid] = useState(false);
  function submit(event: FormEvent) {
    event.preventDefault();
    setInvalid(!UUID.test(id.trim()));
    if (UUID.test(id.trim())) enter(id.trim().toLowerCase());
  }
  return (
    <form onSubmit={submit} noValidate className="mx-auto flex max-w-lg flex-col gap-4 px-6 py-14">
      <Input
        label="Project ID"
        className="w-full font-mono"
        autoComplete="off"
        value={id}
        onChange={(event) => setId(event.target.value)}
        description="Allow lists belong to a project. The upstream API, which names it, is not served on this host."
        {...withError(invalid ? "Enter the ID of the project, a UUID." : undefined)}
      />
      <Buttons>
        <Button type="submit" variant="primary">
          Show its allow lists
        </Button>
      </Buttons>
    </form>
  );
}

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

function AllowListsTable({ lists }: { readonly lists: readonly AllowListData[] }) {
  return (
    <Table>
      <caption className="sr-only">IP allow lists</caption>
      <Table.Header>
        <Table.Row>
          <Table.Head>Name</Table.Head>
          <Table.Head className="hidden md:table-cell">Description</Table.Head>
          <Table.Head>Addresses</Table.Head>
          <Table.Head>Active keys</Table.Head>
        </Table.Row>
      </Table.Header>
      <Table.Body>
        {lists.map(({ spec, info }) => (
          <Table.Row
            key={info.id}
            className="cursor-pointer hover:bg-kumo-tint"
            onClick={() => goTo("allow-lists", info.id)}
          >
            <Table.Cell>
              <PageLink page="allow-lists" id={info.id} className="font-medium hover:underline">
                {spec.name}
              </PageLink>
            </Table.Cell>
            <Table.Cell className="hidden text-kumo-subtle md:table-cell">{spec.description}</Table.Cell>
            <Table.Cell className="tabular">
              {spec.allow_list.slice(0, 2).join(", ")}
              {spec.allow_list.length > 2 && ` and ${spec.allow_list.length - 2} more`}
            </Table.Cell>
            <Table.Cell className="tabular">
              {info.api_key_list.filter((key) => key.status === "ACTIVE").length}
            </Table.Cell>
          </Table.Row>
        ))}
      </Table.Body>
    </Table>
  );
}
