// A dry run's terms, its start, and the requests that it would have denied.
import { useListNames } from "../lists/allow-lists-data.ts";
import { useRoles } from "../roles/roles-data.ts";
import { PageLink } from "../route.tsx";
import { Fact, Facts } from "../ui/facts.tsx";
import { countOf } from "../ui/numbers.ts";
import { When } from "../ui/time.tsx";
import type { DryRunData } from "./dry-run-data.ts";
import type { KeyRow } from "./key-row.ts";
import { ReasonList } from "./reason-list.tsx";

interface DryRunProps {
  readonly keyRow: KeyRow;
  readonly dryRun: DryRunData;
}

export function DryRunReport({ keyRow, dryRun }: DryRunProps) {
  const { info } = dryRun;
  return (
    <>
      <Facts>
        <DryRunFacts keyRow={keyRow} dryRun={dryRun} />
        <Fact name="Since">
          <When at={Date.parse(info.created_on)} exact />, by {info.created_by}
        </Fact>
        <DryRunCounts dryRun={dryRun} />
      </Facts>
      {info.reasons.length > 0 && (
        <ReasonList
          reasons={info.reasons.map(({ reason, count, last_on }) => ({ reason, count, lastAt: Date.parse(last_on) }))}
        />
      )}
      {info.examples.length > 0 && <Examples examples={info.examples} />}
    </>
  );
}

function Examples({ examples }: Pick<DryRunData["info"], "examples">) {
  return (
    <details className="rounded-lg border border-kumo-line px-3 py-2">
      <summary className="cursor-pointer">Latest requests that would have been denied</summary>
      <ul aria-label="Examples" className="mt-2 flex flex-col gap-2 text-sm">
        {examples.map(({ reason, operation, network, count, last_on }) => (
          <li key={`${reason} ${operation} ${network}`} className="break-words">
            <code>{operation}</code> from {network ?? "an unknown address"}: <code>{reason}</code>,{" "}
            {countOf(count, "request")}, last <When at={Date.parse(last_on)} />
          </li>
        ))}
      </ul>
    </details>
  );
}

/** The role and the allow lists that a promotion would apply to the key. */
export function DryRunFacts({ keyRow: key, dryRun: { spec } }: DryRunProps) {
  const { data: roles } = useRoles();
  const nameOf = useListNames();
  const role = roles?.find(({ info }) => info.id === spec.role_id)?.info.display_name;
  return (
    <>
      <Fact name="Dry-run role">
        {spec.role_id === null ? (
          `Unchanged: ${key.roleName}`
        ) : (
          <PageLink page="roles" id={spec.role_id} className="text-kumo-link underline">
            {role ?? spec.role_id}
          </PageLink>
        )}
      </Fact>
      <Fact name="Dry-run lists">
        {spec.allow_list_info === null
          ? "Unchanged"
          : spec.allow_list_info.map((id) => (
              <PageLink key={id} page="allow-lists" id={id} className="block text-kumo-link underline">
                {nameOf(id) ?? id}
              </PageLink>
            ))}
      </Fact>
    </>
  );
}

export function DryRunCounts({ dryRun: { info } }: { readonly dryRun: DryRunData }) {
  const networks = countOf(info.networks, "network");
  return (
    <>
      <Fact name="Evaluated">{countOf(info.evaluated_calls, "request")}</Fact>
      <Fact name="Would be denied">
        {info.would_have_refused === 0
          ? "None so far"
          : `${countOf(info.would_have_refused, "request")} from ${info.networks_complete ? "" : "more than "}${networks}`}
      </Fact>
    </>
  );
}
