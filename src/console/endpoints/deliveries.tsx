// The newest deliveries of an endpoint, each of which can be made again.
import { Button } from "@cloudflare/kumo/components/button";
import type { DeliveryData, EndpointData } from "../../admin/endpoints/schema.ts";
import { useAction } from "../action.ts";
import { useSession } from "../session.ts";
import { LoadingRows, ProblemNotice } from "../ui/notices.tsx";
import { When } from "../ui/time.tsx";
import { useDeliveries, useEndpointChanges } from "./endpoints-data.ts";

export function Deliveries({ endpoint }: { readonly endpoint: EndpointData }) {
  const { may } = useSession();
  const { data, error, refetch } = useDeliveries(endpoint.info.id);
  const { redeliver } = useEndpointChanges();
  const { run, busy, problem } = useAction((eventId: string) => redeliver(endpoint, eventId));
  if (error != null) return <ProblemNotice problem={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <LoadingRows what="Deliveries" />;
  if (data.length === 0) return <p className="text-kumo-subtle">Nothing was sent yet.</p>;
  return (
    <>
      {problem && <ProblemNotice problem={problem} />}
      <ul className="flex flex-col divide-y divide-kumo-line rounded-lg border border-kumo-line">
        {data.map((delivery) => (
          <li key={delivery.event_id} className="flex flex-wrap items-center justify-between gap-3 px-3 py-2">
            <span className="min-w-0 break-words">
              {delivery.event_type}, {STATES[delivery.state]}
              {outcomeOf(delivery)} {delivery.last_try_on && <When at={Date.parse(delivery.last_try_on)} />}
            </span>
            {may("AUDIT_EVENT:UPDATE") && endpoint.spec.enabled && delivery.state !== "PENDING" && (
              <Button size="sm" disabled={busy} onClick={() => run(delivery.event_id)}>
                Send again
              </Button>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}

const STATES = { PENDING: "pending", DELIVERED: "delivered", FAILED: "given up" } as const;

function outcomeOf({ tries, last_status, last_error }: DeliveryData): string {
  if (tries === 0) return last_error === null ? "" : ` (${last_error})`;
  return ` after ${tries === 1 ? "one try" : `${tries} tries`} (${last_status ?? last_error})`;
}
