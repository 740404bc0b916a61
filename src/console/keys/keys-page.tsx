// The API keys of the account.
import { Button } from "@cloudflare/kumo/components/button";
import { useDeferredValue, useMemo, useState } from "react";
import { goTo, type KeySubset, useRoute } from "../route.tsx";
import { useSession } from "../session.ts";
import { PlusIcon } from "../ui/icons.tsx";
import { EmptyState, LoadingRows, ProblemNotice } from "../ui/notices.tsx";
import { countOf } from "../ui/numbers.ts";
import { Card, PageHeader } from "../ui/page.tsx";
import { Pager } from "../ui/pager.tsx";
import { KeyFilters } from "./key-filters.tsx";
import { hasEnded } from "./key-row.ts";
import { KeySheet } from "./key-sheet.tsx";
import { countByStatus, FIRST_VIEW, type KeyView, PAGE_SIZE, selectKeys } from "./key-view.ts";
import { useKeys } from "./keys-data.ts";
import { EndingKeys, endingKeys, NO_KEY, SubsetNote } from "./keys-notes.tsx";
import { KeysTable } from "./keys-table.tsx";
import { RevokeKeys } from "./revoke-keys.tsx";

interface KeysPageProps {
  readonly openId: string | null;
  readonly onCreateKey: () => void;
}

export function KeysPage(props: KeysPageProps) {
  const { subset } = useRoute();
  // Another part of the keys starts with its own first view.
  return <Keys key={subset} subset={subset} {...props} />;
}

function Keys({ openId, onCreateKey, subset }: KeysPageProps & { readonly subset: KeySubset | null }) {
  const { may, roleName } = useSession();
  const { data, error, isFetching, refetch } = useKeys(subset);
  // Archived keys have all ended.
  const firstView: KeyView = subset === "archived" ? { ...FIRST_VIEW, status: "ALL" } : FIRST_VIEW;
  const [view, setView] = useState(firstView);
  const [revoking, setRevoking] = useState(false);
  const shown = useDeferredValue(view);
  const rows = data?.rows;
  const selected = useMemo(() => (rows === undefined ? [] : selectKeys(rows, shown)), [rows, shown]);
  // A search that only finds keys that are hidden says so.
  const ended = useMemo(
    () => (selected.length > 0 ? [] : selectKeys(rows ?? [], { ...shown, status: "ALL" }).filter(hasEnded)),
    [rows, selected, shown],
  );
  const counts = useMemo(() => countByStatus(rows ?? []), [rows]);
  const ending = useMemo(() => endingKeys(rows ?? [], Date.now()), [rows]);
  const change = (part: Partial<KeyView>) => setView((before) => ({ ...before, page: 0, ...part }));
  const mayCreate = may("API_KEY:CREATE");
  const create = mayCreate && (
    <Button variant="primary" icon={<PlusIcon />} onClick={onCreateKey}>
      Create API key
    </Button>
  );

  return (
    <>
      <PageHeader
        title="API keys"
        action={
          <div className="flex flex-wrap gap-2">
            {may("API_KEY:REVOKE") && <Button onClick={() => setRevoking(true)}>Revoke keys …</Button>}
            {create}
          </div>
        }
      >
        Clients authenticate to the API with these keys.
        {!mayCreate && ` Your role, ${roleName}, can view keys but not create them.`}
      </PageHeader>
      {error && <ProblemNotice problem={error} onRetry={() => void refetch()} />}
      {subset !== null && <SubsetNote subset={subset} />}
      {subset === null && ending.length > 0 && <EndingKeys keys={ending} />}
      <Card>
        <KeyFilters
          view={view}
          subset={subset}
          counts={counts}
          onChange={change}
          onRefresh={() => void refetch()}
          busy={isFetching}
        />
        {rows === undefined && !error && <LoadingRows what="API keys" />}
        {rows && rows.length > 0 && selected.length > 0 && (
          <>
            <KeysTable
              keys={selected.slice(shown.page * PAGE_SIZE, (shown.page + 1) * PAGE_SIZE)}
              view={view}
              subset={subset}
              onChange={change}
            />
            <Pager
              page={shown.page}
              size={PAGE_SIZE}
              count={selected.length}
              note={isFetching ? "loading more …" : ""}
              onPage={(page) => change({ page })}
            />
          </>
        )}
        {rows && rows.length > 0 && selected.length === 0 && (
          <EmptyState
            title="No key matches"
            action={
              ended.length > 0 ? (
                <Button onClick={() => change({ status: "ALL" })}>Show {countOf(ended.length, "ended key")}</Button>
              ) : (
                <Button onClick={() => setView({ ...FIRST_VIEW, status: "ALL" })}>Show all keys</Button>
              )
            }
          >
            {isFetching ? "More keys are still being loaded." : "Try another search or status."}
          </EmptyState>
        )}
        {rows?.length === 0 && subset !== null && <EmptyState title="No key">{NO_KEY[subset]}</EmptyState>}
        {rows?.length === 0 && subset === null && (
          <EmptyState title="No API key yet" action={create}>
            Create one key for each program that calls the API, with the narrowest role and the shortest expiry that it
            needs.
          </EmptyState>
        )}
      </Card>
      {revoking && <RevokeKeys noncompliant={subset === "noncompliant"} onClose={() => setRevoking(false)} />}
      {openId !== null && <KeySheet key={openId} id={openId} onClose={() => goTo("keys", null, subset)} />}
    </>
  );
}
