// One change that needs a second person: who asks for what, why, and the request itself.
import { useId } from "react";
import type { ApprovalData } from "../../admin/approvals/schema.ts";
import { useKey } from "../keys/keys-data.ts";
import type { Page } from "../pages.ts";
import { Problem } from "../problem.ts";
import { useRoles } from "../roles/roles-data.ts";
import { PageLink } from "../route.tsx";
import { Fact, Facts } from "../ui/facts.tsx";
import { EmptyState, LoadingRows, ProblemNotice } from "../ui/notices.tsx";
import { Overlay } from "../ui/overlay.tsx";
import { When } from "../ui/time.tsx";
import { ApprovalStatus, Decision, DecisionButtons } from "./approval-decision.tsx";
import { isBodyUnread, operationOf, prettyBody, targetOf, termIn } from "./approval-words.ts";
import { useApproval } from "./approvals-data.ts";

interface SheetProps {
  readonly id: string;
  readonly onClose: () => void;
}

export function ApprovalSheet({ id, onClose }: SheetProps) {
  const { data, error, refetch } = useApproval(id);
  const missing = error instanceof Problem && error.kind === "missing";
  return (
    <Overlay shape="sheet" title={data === undefined ? "Approval" : operationOf(data)} onClose={onClose}>
      {missing && <EmptyState title="Approval not found">It may belong to another account.</EmptyState>}
      {error && !missing && <ProblemNotice problem={error} onRetry={() => void refetch()} />}
      {data === undefined && !error && <LoadingRows what="the approval" />}
      {data && <Details approval={data} />}
    </Overlay>
  );
}

function Details({ approval }: { readonly approval: ApprovalData }) {
  const { requested_by: requester, reasons } = approval;
  const target = targetOf(approval);
  const roleId = termIn(approval, "role_id");
  return (
    <>
      <div>
        <ApprovalStatus approval={approval} />
      </div>
      <Facts>
        <Fact name="Asked by">{requester.name}</Fact>
        <Fact name="Asked">
          <When at={Date.parse(approval.requested_on)} exact />
        </Fact>
        <Fact name="Reasons">{reasons.join(" ")}</Fact>
        {target !== null && (
          <Fact name="Changes">
            <Target {...target} />
          </Fact>
        )}
        {roleId !== null && (
          <Fact name="Gives">
            <RoleName id={roleId} />
          </Fact>
        )}
        <Decision approval={approval} />
      </Facts>
      <Sent label="Request" text={`${approval.method} ${approval.path}`} />
      <Sent
        label={isBodyUnread(approval) ? "Body, which this operation does not read" : "Body"}
        text={approval.body === "" ? "None" : prettyBody(approval)}
      />
      {approval.status === "PENDING" && <DecisionButtons approval={approval} />}
    </>
  );
}

function Target({ page, id }: { readonly page: Page; readonly id: string }) {
  if (page === "keys") return <KeyName id={id} />;
  if (page === "roles") return <RoleName id={id} />;
  return (
    <PageLink page={page} id={id} className="text-kumo-link underline">
      {id}
    </PageLink>
  );
}

function KeyName({ id }: { readonly id: string }) {
  const { data } = useKey(id);
  return (
    <>
      API key{" "}
      <PageLink page="keys" id={id} className="text-kumo-link underline">
        {data?.name ?? id}
      </PageLink>
    </>
  );
}

function RoleName({ id }: { readonly id: string }) {
  const { data } = useRoles();
  const role = data?.find(({ info }) => info.id === id);
  return (
    <>
      Role{" "}
      <PageLink page="roles" id={id} className="text-kumo-link underline">
        {role?.info.display_name ?? id}
      </PageLink>
    </>
  );
}

/** A part of the request, as text: what an approver reads is somebody else's input. */
function Sent({ label, text }: { readonly label: string; readonly text: string }) {
  const id = useId();
  return (
    <div className="flex flex-col gap-1.5">
      <h3 id={id} className="text-base font-semibold">
        {label}
      </h3>
      <section
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        tabIndex={0}
        aria-labelledby={id}
        className="max-h-72 overflow-y-auto rounded-lg border border-kumo-line bg-kumo-recessed p-3 font-mono text-sm break-all whitespace-pre-wrap"
      >
        {text}
      </section>
    </div>
  );
}
