// The operators of the account: people whom an OpenID Connect issuer or an access proxy identifies.
import { Button } from "@cloudflare/kumo/components/button";
import { Table } from "@cloudflare/kumo/components/table";
import { useState } from "react";
import type { OperatorData } from "../../admin/operators/schema.ts";
import { goTo, PageLink } from "../route.tsx";
import { useSession } from "../session.ts";
import { StatusBadge } from "../ui/facts.tsx";
import { PlusIcon } from "../ui/icons.tsx";
import { EmptyState } from "../ui/notices.tsx";
import { ResourcePage } from "../ui/resource.tsx";
import { When } from "../ui/time.tsx";
import { OperatorForm } from "./operator-form.tsx";
import { OperatorSheet } from "./operator-sheet.tsx";
import { expiryOf, useOperators } from "./operators-data.ts";

export function OperatorsPage({ openId }: { readonly openId: string | null }) {
  const { may } = useSession();
  const query = useOperators();
  const [adding, setAdding] = useState(false);
  const add = may("ACCOUNT_USER:CREATE") && (
    <Button variant="primary" icon={<PlusIcon />} onClick={() => setAdding(true)}>
      Add operator
    </Button>
  );
  return (
    <>
      <ResourcePage
        title="Operators"
        intro="People who sign in with their own identity, through an OpenID Connect issuer or an access proxy."
        query={query}
        action={add}
        empty={
          <EmptyState title="No operator yet" action={add}>
            Without operators, this account is accessible with API keys only.
          </EmptyState>
        }
      >
        {(operators) => <OperatorsTable operators={operators} />}
      </ResourcePage>
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
          <Table.Head className="hidden md:table-cell">Identified by</Table.Head>
          <Table.Head>Role</Table.Head>
          <Table.Head className="hidden sm:table-cell">Status</Table.Head>
          <Table.Head className="hidden lg:table-cell">Added by</Table.Head>
          <Table.Head>Expires</Table.Head>
        </Table.Row>
      </Table.Header>
      <Table.Body>
        {operators.map((operator) => {
          const { spec, info } = operator;
          const expiry = expiryOf(operator);
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
              <Table.Cell>{expiry === null ? "Never" : <When at={expiry} />}</Table.Cell>
            </Table.Row>
          );
        })}
      </Table.Body>
    </Table>
  );
}
