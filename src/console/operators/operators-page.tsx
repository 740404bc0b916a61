// People who may act in the account: whom an issuer or an access proxy vouches for, found by address or subject.
import { Button } from "@cloudflare/kumo/components/button";
import { Table } from "@cloudflare/kumo/components/table";
import { useState } from "react";
import type { OperatorData } from "../../admin/operators/schema.ts";
import { goTo, PageLink } from "../route.tsx";
import { useSession } from "../session.ts";
import { StatusBadge } from "../ui/facts.tsx";
import { PlusIcon } from "../ui/icons.tsx";
import { LoadingRows, Nothing, ProblemNotice } from "../ui/notices.tsx";
import { Card, PageHeader } from "../ui/page.tsx";
import { When } from "../ui/time.tsx";
import { OperatorForm } from "./operator-form.tsx";
import { OperatorSheet } from "./operator-sheet.tsx";
import { endOf, useOperators } from "./operators-data.ts";

export function OperatorsPage({ openId }: { readonly openId: string | null }) {
  const { may } = useSession();
  const { data, error, refetch } = useOperators();
  const [adding, setAdding] = useState(false);
  const add = may("ACCOUNT_USER:CREATE") && (
    <Button variant="primary" icon={<PlusIcon />} onClick={() => setAdding(true)}>
      Add operator
    </Button>
  );
  return (
    <>
      <PageHeader title="Operators" action={add}>
        People who sign in as themselves, with an issuer or an access proxy that says who they are.
      </PageHeader>
      {error && <ProblemNotice problem={error} onRetry={() => void refetch()} />}
      <Card>
        {data === undefined && !error && <LoadingRows what="operators" />}
        {data?.length === 0 && (
          <Nothing title="No operator yet" action={add}>
            Until there is one, only API keys can act in this account.
          </Nothing>
        )}
        {data && data.length > 0 && <OperatorsTable operators={data} />}
      </Card>
      {openId !== null && <OperatorSheet key={openId} id={openId} onClose={() => goTo("operators")} />}
      {adding && <OperatorForm operator={null} onClose={() => setAdding(false)} />}
    </>
  );
}

function OperatorsTable({ operators }: { readonly operators: readonly OperatorData[] }) {
  return (
    <Table>
      <caption className="sr-only">Operators</caption>
      <Table.Header>
        <Table.Row>
          <Table.Head>Name</Table.Head>
          <Table.Head className="hidden md:table-cell">Found by</Table.Head>
          <Table.Head>Role</Table.Head>
          <Table.Head className="hidden sm:table-cell">Status</Table.Head>
          <Table.Head className="hidden lg:table-cell">Added by</Table.Head>
          <Table.Head>Expires</Table.Head>
        </Table.Row>
      </Table.Header>
      <Table.Body>
        {operators.map((operator) => {
          const { spec, info } = operator;
          const end = endOf(operator);
          return (
            <Table.Row
              key={info.id}
              className="cursor-pointer hover:bg-kumo-tint"
              onClick={() => goTo("operators", info.id)}
            >
              <Table.Cell>
                <PageLink page="operators" id={info.id} className="font-medium break-words hover:underline">
                  {spec.name}
                </PageLink>
              </Table.Cell>
              <Table.Cell className="hidden break-all md:table-cell">{spec.email ?? spec.subject}</Table.Cell>
              <Table.Cell>{info.role.info.display_name}</Table.Cell>
              <Table.Cell className="hidden sm:table-cell">
                <StatusBadge status={info.status} />
              </Table.Cell>
              <Table.Cell className="hidden lg:table-cell">{info.created_by}</Table.Cell>
              <Table.Cell>{end === null ? "Never" : <When at={end} />}</Table.Cell>
            </Table.Row>
          );
        })}
      </Table.Body>
    </Table>
  );
}
