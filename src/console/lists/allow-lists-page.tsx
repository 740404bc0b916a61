// The IP allow lists of the project.
import { Button } from "@cloudflare/kumo/components/button";
import { Table } from "@cloudflare/kumo/components/table";
import { useState } from "react";
import { goTo, PageLink } from "../route.tsx";
import { useSession } from "../session.ts";
import { PlusIcon } from "../ui/icons.tsx";
import { LoadingRows, Nothing, ProblemNotice } from "../ui/notices.tsx";
import { Card, PageHeader } from "../ui/page.tsx";
import { AllowListSheet } from "./allow-list-sheet.tsx";
import { useAllowLists } from "./allow-lists-data.ts";
import { CreateAllowList } from "./create-allow-list.tsx";

export function AllowListsPage({ openId }: { readonly openId: string | null }) {
  const { may } = useSession();
  const { data, error, refetch, project } = useAllowLists();
  const [creating, setCreating] = useState(false);
  const create = may("NETWORK_ALLOW_LIST:CREATE") && typeof project === "string" && (
    <Button variant="primary" icon={<PlusIcon />} onClick={() => setCreating(true)}>
      Create allow list
    </Button>
  );
  return (
    <>
      <PageHeader title="IP allow lists" action={create}>
        The addresses from which a key may be used. A list is never changed: replace it by a new one.
      </PageHeader>
      {error && <ProblemNotice problem={error} onRetry={() => void refetch()} />}
      <Card>
        {data === undefined && !error && <LoadingRows what="allow lists" />}
        {project === null && (
          <Nothing title="No project">
            Allow lists belong to a project, and the API behind Gatehouse names none for this account.
          </Nothing>
        )}
        {data?.length === 0 && project !== null && (
          <Nothing title="No allow list yet" action={create}>
            Without one, a key may be used from any address.
          </Nothing>
        )}
        {data && data.length > 0 && (
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
              {data.map(({ spec, info }) => (
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
        )}
      </Card>
      {openId !== null && <AllowListSheet key={openId} id={openId} onClose={() => goTo("allow-lists")} />}
      {creating && <CreateAllowList onClose={() => setCreating(false)} />}
    </>
  );
}
