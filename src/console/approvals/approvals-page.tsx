// Changes that need a second person: those that wait for a decision, then those that were decided.
import { Button } from "@cloudflare/kumo/components/button";
import { Table } from "@cloudflare/kumo/components/table";
import type { ApprovalData } from "../../admin/approvals/schema.ts";
import { goTo, PageLink } from "../route.tsx";
import { EmptyState, LoadingRows, ProblemNotice } from "../ui/notices.tsx";
import { Card, PageHeader } from "../ui/page.tsx";
import { When } from "../ui/time.tsx";
import { ApprovalStatus } from "./approval-decision.tsx";
import { ApprovalSheet } from "./approval-sheet.tsx";
import { operationOf, termIn } from "./approval-words.ts";
import { useApprovals, usePendingApprovals } from "./approvals-data.ts";

export function ApprovalsPage({ openId }: { readonly openId: string | null }) {
  const pending = usePendingApprovals();
  return (
    <>
      <PageHeader title="Approvals">
        With “second person” in the account's policy, some changes wait until another person has approved them.
      </PageHeader>
      {pending.error && <ProblemNotice problem={pending.error} onRetry={() => void pending.refetch()} />}
      <Card>
        {pending.data === undefined && !pending.error && <LoadingRows what="approvals" />}
        {pending.data?.length === 0 && <EmptyState title="Nothing waits">No change waits for a decision.</EmptyState>}
        {pending.data && pending.data.length > 0 && (
          <ApprovalsTable caption="Waiting for a decision" approvals={pending.data} />
        )}
      </Card>
      <Decided />
      {openId !== null && <ApprovalSheet key={openId} id={openId} onClose={() => goTo("approvals")} />}
    </>
  );
}

function Decided() {
  const { data, error, refetch, fetchNextPage, hasNextPage, isFetching } = useApprovals();
  const decided = data?.pages.flatMap((page) => page.data).filter(({ status }) => status !== "PENDING");
  return (
    <section className="mt-8">
      <h2 className="text-lg font-semibold">Decided</h2>
      {error && <ProblemNotice problem={error} onRetry={() => void refetch()} />}
      {decided?.length === 0 && <p className="mt-2 text-kumo-subtle">Nothing was decided yet.</p>}
      {decided && decided.length > 0 && (
        <Card>
          <ApprovalsTable caption="Decided" approvals={decided} />
        </Card>
      )}
      {hasNextPage && (
        <Button size="sm" className="mt-3" loading={isFetching} onClick={() => void fetchNextPage()}>
          Show older ones
        </Button>
      )}
    </section>
  );
}

interface TableProps {
  readonly caption: string;
  readonly approvals: readonly ApprovalData[];
}

function ApprovalsTable({ caption, approvals }: TableProps) {
  return (
    <Table>
      <caption className="sr-only">{caption}</caption>
      <Table.Header>
        <Table.Row>
          <Table.Head>Change</Table.Head>
          <Table.Head>Asked by</Table.Head>
          <Table.Head className="hidden sm:table-cell">Asked</Table.Head>
          <Table.Head className="hidden lg:table-cell">Decided by</Table.Head>
          <Table.Head className="hidden sm:table-cell">Status</Table.Head>
        </Table.Row>
      </Table.Header>
      <Table.Body>
        {approvals.map((approval) => (
          <Table.Row
            key={approval.id}
            className="cursor-pointer hover:bg-kumo-tint"
            onClick={() => goTo("approvals", approval.id)}
          >
            <Table.Cell>
              <PageLink page="approvals" id={approval.id} className="font-medium break-words hover:underline">
                {operationOf(approval)}
                {termIn(approval, "name") !== null && ` “${termIn(approval, "name")}”`}
              </PageLink>
            </Table.Cell>
            <Table.Cell className="break-words">{approval.requested_by.name}</Table.Cell>
            <Table.Cell className="hidden sm:table-cell">
              <When at={Date.parse(approval.requested_on)} />
            </Table.Cell>
            <Table.Cell className="hidden break-words lg:table-cell">{approval.decided_by_name}</Table.Cell>
            <Table.Cell className="hidden sm:table-cell">
              <ApprovalStatus approval={approval} />
            </Table.Cell>
          </Table.Row>
        ))}
      </Table.Body>
    </Table>
  );
}
