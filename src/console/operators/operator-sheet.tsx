// One operator: identity, role and expiry, and the buttons to edit or remove.
import { Banner } from "@cloudflare/kumo/components/banner";
import { Button } from "@cloudflare/kumo/components/button";
import { useState } from "react";
import type { OperatorData } from "../../admin/operators/schema.ts";
import { PageLink } from "../route.tsx";
import { useSession } from "../session.ts";
import { ConfirmDialog } from "../ui/confirm-dialog.tsx";
import { Fact, Facts, StatusBadge } from "../ui/facts.tsx";
import { ResourceSheet } from "../ui/resource.tsx";
import { When } from "../ui/time.tsx";
import { OperatorForm } from "./operator-form.tsx";
import { expiryOf, useOperatorChanges, useOperators } from "./operators-data.ts";

interface SheetProps {
  readonly id: string;
  readonly onClose: () => void;
}

export function OperatorSheet({ id, onClose }: SheetProps) {
  const query = useOperators();
  return (
    <ResourceSheet kind="Operator" id={id} query={query} nameOf={({ spec }) => spec.name} onClose={onClose}>
      {(operator) => <Details operator={operator} onClose={onClose} />}
    </ResourceSheet>
  );
}

function Details({ operator, onClose }: { readonly operator: OperatorData; readonly onClose: () => void }) {
  const { may, selfId } = useSession();
  const [open, setOpen] = useState<"edit" | "remove" | null>(null);
  const { info } = operator;
  return (
    <>
      <div className="flex flex-wrap items-center gap-3">
        <StatusBadge status={info.status} />
        {info.id === selfId && <span className="text-sm text-kumo-subtle">This is you.</span>}
      </div>
      <OperatorFacts operator={operator} />
      <div className="flex flex-wrap gap-2">
        {may("ACCOUNT_USER:UPDATE") && <Button onClick={() => setOpen("edit")}>Edit</Button>}
        {may("ACCOUNT_USER:DELETE") && (
          <Button variant="secondary-destructive" onClick={() => setOpen("remove")}>
            Remove …
          </Button>
        )}
      </div>
      {open === "edit" && <OperatorForm operator={operator} onClose={() => setOpen(null)} />}
      {open === "remove" && <RemoveOperator operator={operator} onCancel={() => setOpen(null)} onRemoved={onClose} />}
    </>
  );
}

function OperatorFacts({ operator }: { readonly operator: OperatorData }) {
  const { spec, info } = operator;
  const expiry = expiryOf(operator);
  return (
    <Facts>
      {spec.email !== null && <Fact name="Email address">{spec.email}</Fact>}
      {spec.subject !== null && <Fact name="Subject">{spec.subject}</Fact>}
      {spec.issuer !== null && <Fact name="Issuer">{spec.issuer}</Fact>}
      <Fact name="Role">
        <PageLink page="roles" id={spec.role_id} className="text-kumo-link underline">
          {info.role.info.display_name}
        </PageLink>
      </Fact>
      <Fact name="Expires">{expiry === null ? "Never" : <When at={expiry} exact />}</Fact>
      <Fact name="Added">
        <When at={Date.parse(info.metadata.created_on)} exact /> by {info.created_by}
      </Fact>
    </Facts>
  );
}

interface RemoveProps {
  readonly operator: OperatorData;
  readonly onCancel: () => void;
  readonly onRemoved: () => void;
}

function RemoveOperator({ operator: { spec, info }, onCancel, onRemoved }: RemoveProps) {
  const { selfId } = useSession();
  const { remove } = useOperatorChanges();
  async function confirm(force: boolean): Promise<void> {
    await remove(info.id, force);
    onRemoved();
  }
  return (
    <ConfirmDialog title={`Remove “${spec.name}”?`} verb="Remove" onCancel={onCancel} onConfirm={confirm}>
      <p>All further requests of this operator are denied. API keys that the operator created do not change.</p>
      {info.id === selfId && <Banner variant="alert" title="This is you" description="You will be signed out." />}
    </ConfirmDialog>
  );
}
