// What a key is tried with, since when, and what that would have refused.
import type { TrialData } from "../../admin/dry-runs/schema.ts";
import { useListNames } from "../lists/allow-lists-data.ts";
import { useRoles } from "../roles/roles-data.ts";
import { PageLink } from "../route.tsx";
import { Fact, Facts } from "../ui/facts.tsx";
import { When } from "../ui/time.tsx";
import type { KeyRow } from "./key-row.ts";

interface TrialProps {
  readonly keyRow: KeyRow;
  readonly trial: TrialData;
}

const NUMBER = new Intl.NumberFormat();
const calls = (count: number) => `${NUMBER.format(count)} ${count === 1 ? "call" : "calls"}`;

export function TrialReport({ keyRow, trial }: TrialProps) {
  const { info } = trial;
  return (
    <>
      <Facts>
        <TrialTerms keyRow={keyRow} trial={trial} />
        <Fact name="Since">
          <When at={Date.parse(info.created_on)} exact />, by {info.created_by}
        </Fact>
        <TrialCounts trial={trial} />
      </Facts>
      {info.reasons.length > 0 && (
        <ul aria-label="Reasons" className="flex flex-col divide-y divide-kumo-line rounded-lg border border-kumo-line">
          {info.reasons.map(({ reason, count, last_on }) => (
            <li key={reason} className="flex flex-wrap justify-between gap-x-4 px-3 py-2">
              <code>{reason}</code>
              <span className="tabular text-kumo-subtle">
                {calls(count)}, the last <When at={Date.parse(last_on)} />
              </span>
            </li>
          ))}
        </ul>
      )}
      {info.examples.length > 0 && (
        <details className="rounded-lg border border-kumo-line px-3 py-2">
          <summary className="cursor-pointer">The latest calls that would have been refused</summary>
          <ul aria-label="Examples" className="mt-2 flex flex-col gap-2 text-sm">
            {info.examples.map(({ reason, operation, network, count, last_on }) => (
              <li key={`${reason} ${operation} ${network}`} className="break-words">
                <code>{operation}</code> from {network ?? "an address that is not known"}: <code>{reason}</code>,{" "}
                {calls(count)}, the last <When at={Date.parse(last_on)} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

/** What would be the key's own; what is not tried stays as it is. */
export function TrialTerms({ keyRow: key, trial: { spec } }: TrialProps) {
  const { data: roles } = useRoles();
  const nameOf = useListNames();
  const role = roles?.find(({ info }) => info.id === spec.role_id)?.info.display_name;
  return (
    <>
      <Fact name="Role on trial">
        {spec.role_id === null ? (
          `As it is: ${key.roleName}`
        ) : (
          <PageLink page="roles" id={spec.role_id} className="text-kumo-link underline">
            {role ?? spec.role_id}
          </PageLink>
        )}
      </Fact>
      <Fact name="Lists on trial">
        {spec.allow_list_info === null
          ? "As they are"
          : spec.allow_list_info.map((id) => (
              <PageLink key={id} page="allow-lists" id={id} className="block text-kumo-link underline">
                {nameOf(id) ?? id}
              </PageLink>
            ))}
      </Fact>
    </>
  );
}

export function TrialCounts({ trial: { info } }: { readonly trial: TrialData }) {
  return (
    <>
      <Fact name="Evaluated">{calls(info.evaluated_calls)}</Fact>
      <Fact name="Would be refused">
        {info.would_have_refused === 0
          ? "None so far"
          : `${calls(info.would_have_refused)} from ${networks(info.networks, info.networks_complete)}`}
      </Fact>
    </>
  );
}

function networks(count: number, complete: boolean): string {
  const many = `${NUMBER.format(count)} ${count === 1 ? "network" : "networks"}`;
  return complete ? many : `more than ${many}`;
}
