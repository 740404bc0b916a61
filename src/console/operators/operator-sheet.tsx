// One operator: how they are recognised, and what they may do; changed or removed from here.
import { Banner } from "@cloudflare/kumo/components/banner";
import { Button } from "@cloudflare/kumo/components/button";
import { useState } from "react";
import type { OperatorData } from "../../admin/operators/schema.ts";
import { useAction } from "../action.ts";
import { PageLink } from "../route.tsx";
import { useSession } from "../session.ts";
import { Fact, Facts, StatusBadge } from "../ui/facts.tsx";
import { LoadingRows, Nothing, ProblemNotice } from "../ui/notices.tsx";
import { Buttons, Overlay } from "../ui/overlay.tsx";
import { When } from "../ui/time.tsx";
import { OperatorForm } from "./operator-form.tsx";
import { endOf, useOperatorChanges, useOperators } from "./operators-data.ts";

interface SheetProps {
  readonly id: string;
  readonly onClose: () => void;
}

export function OperatorSheet({ id, onClose }: SheetProps) {
  const { data, error, refetch } = useOperators();
  const operator = data?.find(({ info }) => info.id === id);
  return (
    <Overlay shape="sheet" title={operator?.spec.name ?? "Operator"} onClose={onClose}>
      {error && <ProblemNotice problem={error} onRetry={() => void refetch()} />}
      {data === undefined && !error && <LoadingRows what="the operator" />}
      {data && operator === undefined && <Nothing title="There is no such operator">They may be removed.</Nothing>}
      {operator && <Details operator={operator} onClose={onClose} />}
    </Overlay>
  );
}

function Details({ operator, onClose }: { readonly operator: OperatorData; readonly onClose: () => void }) {
  const { may, selfId } = useSession();
  const [open, setOpen] = useState<"edit" | "remove" | null>(null);
  const { spec, info } = operator;
  const end = endOf(operator);
  return (
    <>
      <div className="flex flex-wrap items-center gap-3">
        <StatusBadge status={info.status} />
        {info.id === selfId && <span className="text-sm text-kumo-subtle">This is you.</span>}
      </div>
      <Facts>
        {spec.email !== null && <Fact name="E-mail address">{spec.email}</Fact>}
        {spec.subject !== null && <Fact name="Subject">{spec.subject}</Fact>}
        {spec.issuer !== null && <Fact name="Issuer">{spec.issuer}</Fact>}
        <Fact name="Role">
          <PageLink page="roles" id={spec.role_id} className="text-kumo-link underline">
            {info.role.info.display_name}
          </PageLink>
        </Fact>
        <Fact name="Expires">{end === null ? "Never" : <When at={end} exact />}</Fact>
        <Fact name="Added">
          <When at={Date.parse(info.metadata.created_on)} exact /> by {info.created_by}
        </Fact>
      </Facts>
      <div className="flex flex-wrap gap-2">
        {may("ACCOUNT_USER:UPDATE") && <Button onClick={() => setOpen("edit")}>Edit</Button>}
        {may("ACCOUNT_USER:DELETE") && (
          <Button variant="secondary-destructive" onClick={() => setOpen("remove")}>
            Remove …
          </Button>
        )}
      </div>
      {open === "edit" && <OperatorForm operator={operator} onClose={() => setOpen(null)} />}
      {open === "remove" && <Remove operator={operator} onKept={() => setOpen(null)} onGone={onClose} />}
    </>
  );
}

interface RemoveProps {
  readonly operator: OperatorData;
  readonly onKept: () => void;
  readonly onGone: () => void;
}

function Remove({ operator: { spec, info }, onKept, onGone }: RemoveProps) {
  const { selfId } = useSession();
  const { remove } = useOperatorChanges();
  const { run, busy, problem } = useAction(async (force: boolean) => {
    await remove(info.id, force);
    onGone();
  });
  const last = problem?.code === "last_manager";
  return (
    <Overlay title={`Remove “${spec.name}”?`} onClose={onKept}>
      <p>Their next call is refused. The keys that they have made stay as they are.</p>
      {info.id === selfId && <Banner variant="alert" title="This is you" description="You will be signed out." />}
      {problem && <ProblemNotice problem={problem} />}
      <Buttons>
        <Button onClick={onKept}>Keep them</Button>
        <Button variant="destructive" loading={busy} onClick={() => run(last)}>
          {last ? "Remove all the same" : "Remove"}
        </Button>
      </Buttons>
    </Overlay>
  );
}
