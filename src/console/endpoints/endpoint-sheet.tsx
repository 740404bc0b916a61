// The sheet of an endpoint: what it is, its changes, a test, and its newest deliveries.
import { Banner } from "@cloudflare/kumo/components/banner";
import { Button } from "@cloudflare/kumo/components/button";
import { useState } from "react";
import type { EndpointData, TestedData } from "../../admin/endpoints/schema.ts";
import { useAction } from "../action.ts";
import { useSession } from "../session.ts";
import { ConfirmDelete } from "../ui/confirm-dialog.tsx";
import { Fact, Facts, Section, StatusBadge } from "../ui/facts.tsx";
import { ProblemNotice } from "../ui/notices.tsx";
import { ResourceSheet } from "../ui/resource.tsx";
import { When } from "../ui/time.tsx";
import { Deliveries } from "./deliveries.tsx";
import { EndpointForm } from "./endpoint-form.tsx";
import { EndpointSecret } from "./endpoint-secret.tsx";
import { useEndpointChanges, useEndpoints } from "./endpoints-data.ts";

interface SheetProps {
  readonly id: string;
  readonly onClose: () => void;
}

export function EndpointSheet({ id, onClose }: SheetProps) {
  const query = useEndpoints();
  return (
    <ResourceSheet kind="Endpoint" id={id} query={query} nameOf={({ spec }) => spec.name} onClose={onClose}>
      {(endpoint) => <Details endpoint={endpoint} onClose={onClose} />}
    </ResourceSheet>
  );
}

function Details({ endpoint, onClose }: { readonly endpoint: EndpointData; readonly onClose: () => void }) {
  const { may } = useSession();
  const { remove } = useEndpointChanges();
  const [open, setOpen] = useState<"edit" | "delete" | null>(null);
  const { spec, info } = endpoint;
  return (
    <>
      <StatusBadge status={info.status} />
      {info.disabled_reason !== null && info.disabled_reason !== "by_request" && (
        <Banner variant="alert" title="Gatehouse has disabled it" description={REASONS[info.disabled_reason] ?? ""} />
      )}
      <Facts>
        <Fact name="URL">{spec.url}</Fact>
        <Fact name="Format">{spec.format}</Fact>
        <Fact name="Events">{spec.event_types.length === 0 ? "All" : spec.event_types.join(", ")}</Fact>
        {info.previous_secret_until !== null && (
          <Fact name="Previous secret">
            Signs until <When at={Date.parse(info.previous_secret_until)} exact />
          </Fact>
        )}
        <Fact name="Added">
          <When at={Date.parse(info.metadata.created_on)} exact /> by {info.created_by}
        </Fact>
      </Facts>
      {may("AUDIT_EVENT:UPDATE") && <Changes endpoint={endpoint} onEdit={() => setOpen("edit")} />}
      {may("AUDIT_EVENT:DELETE") && (
        <div>
          <Button variant="secondary-destructive" onClick={() => setOpen("delete")}>
            Delete …
          </Button>
        </div>
      )}
      <Section title="Deliveries">
        <Deliveries endpoint={endpoint} />
      </Section>
      {open === "edit" && <EndpointForm endpoint={endpoint} onClose={() => setOpen(null)} />}
      {open === "delete" && (
        <ConfirmDelete
          what={`the endpoint “${spec.name}”`}
          condition="What it has not been sent yet, it is never sent."
          remove={() => remove(endpoint)}
          onCancel={() => setOpen(null)}
          onDeleted={onClose}
        />
      )}
    </>
  );
}

const REASONS: Readonly<Record<string, string>> = {
  gone: "The receiver has answered 410 Gone. Nothing is lost: enabled again, it is sent what it has missed.",
  failing: "Nothing has arrived for five days. Nothing is lost: enabled again, it is sent what it has missed.",
};

function Changes({ endpoint, onEdit }: { readonly endpoint: EndpointData; readonly onEdit: () => void }) {
  const { enable, rotate, test } = useEndpointChanges();
  const [secret, setSecret] = useState<string | null>(null);
  const [tested, setTested] = useState<TestedData | null>(null);
  const { run, busy, problem } = useAction((work: () => Promise<void>) => work());
  const { enabled, name } = endpoint.spec;
  return (
    <>
      <div className="flex flex-wrap gap-2">
        <Button loading={busy} onClick={() => run(async () => setTested(await test(endpoint)))}>
          Send a test
        </Button>
        <Button onClick={onEdit}>Edit</Button>
        <Button onClick={() => run(async () => setSecret(await rotate(endpoint)))}>Rotate secret</Button>
        <Button onClick={() => run(() => enable(endpoint, !enabled))}>{enabled ? "Disable" : "Enable"}</Button>
      </div>
      {tested && <p role="status">{sentenceOf(tested)}</p>}
      {problem && <ProblemNotice problem={problem} />}
      {secret !== null && <EndpointSecret name={name} secret={secret} onStored={() => setSecret(null)} />}
    </>
  );
}

function sentenceOf({ delivered, status, error }: TestedData): string {
  if (delivered) return `The test has arrived: the receiver answered ${status}.`;
  return status === null ? `The test has not arrived: ${error}.` : `The receiver answered ${status}.`;
}
