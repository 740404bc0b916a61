// The decision on a change that needs a second person: how it is by now, who made it, and the buttons that make it.
import { Badge } from "@cloudflare/kumo/components/badge";
import { Button } from "@cloudflare/kumo/components/button";
import type { ApprovalData } from "../../admin/approvals/schema.ts";
import { useAction } from "../action.ts";
import { useSession } from "../session.ts";
import { Fact } from "../ui/facts.tsx";
import { ProblemNotice } from "../ui/notices.tsx";
import { When } from "../ui/time.tsx";
import { permissionOf, statusOf } from "./approval-words.ts";
import { useDecision } from "./approvals-data.ts";

export function ApprovalStatus({ approval }: { readonly approval: ApprovalData }) {
  const { text, variant } = statusOf(approval);
  return (
    <Badge appearance="dot" variant={variant}>
      {text}
    </Badge>
  );
}

/** As facts: who has decided and when, when the change was made, and until when it can be. */
export function Decision({ approval }: { readonly approval: ApprovalData }) {
  const { status, decided_by_name: who, decided_on, used_on, expires_on } = approval;
  return (
    <>
      {who !== null && decided_on !== null && (
        <Fact name="Decided">
          {statusOf(approval).text === "Withdrawn" ? "Withdrawn" : status === "REJECTED" ? "Rejected" : "Approved"} by{" "}
          {who}, <When at={Date.parse(decided_on)} exact />
        </Fact>
      )}
      {used_on !== null && (
        <Fact name="Made">
          <When at={Date.parse(used_on)} exact />
        </Fact>
      )}
      {(status === "PENDING" || status === "APPROVED") && (
        <Fact name={status === "PENDING" ? "Can be approved until" : "To be sent again until"}>
          <When at={Date.parse(expires_on)} exact />
        </Fact>
      )}
    </>
  );
}

/** What the user may do while nobody has decided; the server checks it again. */
export function DecisionButtons({ approval }: { readonly approval: ApprovalData }) {
  const { may, selfId, isOperator } = useSession();
  const decide = useDecision();
  const { run, busy, problem } = useAction((decision: "approve" | "reject") => decide(approval.id, decision));
  const own = approval.requested_by.id === selfId;
  const permission = permissionOf(approval);
  const mayMakeIt = may("API_KEY:CREATE") && may("API_KEY:REVOKE") && (permission === null || may(permission));
  return (
    <>
      <p className="text-kumo-subtle">
        {own
          ? "You have asked for this: another person has to approve it."
          : isOperator
            ? !mayMakeIt && "Only operators approve this who could make it and can create and revoke API keys."
            : "Only operators decide: an API key does not."}
      </p>
      {problem && <ProblemNotice problem={problem} />}
      <div className="flex flex-wrap gap-2 border-t border-kumo-line pt-5">
        {!own && isOperator && mayMakeIt && (
          <Button variant="primary" loading={busy} onClick={() => run("approve")}>
            Approve
          </Button>
        )}
        {isOperator && may("API_KEY:CREATE") && (
          <Button variant="secondary-destructive" disabled={busy} onClick={() => run("reject")}>
            {own ? "Withdraw" : "Reject"}
          </Button>
        )}
      </div>
    </>
  );
}
