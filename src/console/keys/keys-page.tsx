// The API keys of the account.
import { Banner } from "@cloudflare/kumo/components/banner";
import { Button } from "@cloudflare/kumo/components/button";
import { useDeferredValue, useMemo, useState } from "react";
import { goTo } from "../route.tsx";
import { useSession } from "../session.ts";
import { PlusIcon } from "../ui/icons.tsx";
import { EmptyState, LoadingRows, ProblemNotice } from "../ui/notices.tsx";
import { countOf } from "../ui/numbers.ts";
import { Card, PageHeader } from "../ui/page.tsx";
import { Pager } from "../ui/pager.tsx";
import { KeyFilters } from "./key-filters.tsx";
import { expiresSoon } from "./key-row.ts";
import { KeySheet } from "./key-sheet.tsx";
import { countByStatus, FIRST_VIEW, type KeyView, PAGE_SIZE, selectKeys } from "./key-view.ts";
import { useKeys } from "./keys-data.ts";
import { KeysTable } from "./keys-table.tsx";

interface KeysPageProps {
  readonly openId: string | null;
  readonly onCreateKey: () => void;
}

export function KeysPage({ openId, onCreateKey }: KeysPageProps) {
  const { may, roleName } = useSession();
  const { data, error, isFetching, refetch } = useKeys();
  const [view, setView] = useState<KeyView>(FIRST_VIEW);
  const shown = useDeferredValue(view);
  const rows = data?.rows;
  const selected = useMemo(() => (rows === undefined ? [] : selectKeys(rows, shown)), [rows, shown]);
  const counts = useMemo(() => countByStatus(rows ?? []), [rows]);
  const ending = useMemo(() => (rows ?? []).filter((key) => expiresSoon(key, Date.now())), [rows]);
  const change = (part: Partial<KeyView>) => setView((before) => ({ ...before, page: 0, ...part }));
  const mayCreate = may("API_KEY:CREATE");
  const create = mayCreate && (
    <Button variant="primary" icon={<PlusIcon />} onClick={onCreateKey}>
      Create API key
    </Button>
  );

  return (
    <>
      <PageHeader title="API keys" action={create}>
        Clients authenticate to the API with these keys.
        {!mayCreate && ` Your role, ${roleName}, can view keys but not create them.`}
      </PageHeader>
      {error && <ProblemNotice problem={error} onRetry={() => void refetch()} />}
      {ending.length > 0 && (
        <Banner
          variant="alert"
          title={`${countOf(ending.length, "key")} will expire within 7 days`}
          description={`Rotate what is still needed: ${ending
            .slice(0, 5)
            .map(({ name }) => name)
            .join(", ")}${ending.length > 5 ? " and others" : ""}.`}
        />
      )}
      <Card>
        <KeyFilters view={view} counts={counts} onChange={change} onRefresh={() => void refetch()} busy={isFetching} />
        {rows === undefined && !error && <LoadingRows what="API keys" />}
        {rows && rows.length > 0 && selected.length > 0 && (
          <>
            <KeysTable
              keys={selected.slice(shown.page * PAGE_SIZE, (shown.page + 1) * PAGE_SIZE)}
              view={view}
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
            action={<Button onClick={() => setView(FIRST_VIEW)}>Show all keys</Button>}
          >
            {isFetching ? "More keys are still being loaded." : "Try another search or status."}
          </EmptyState>
        )}
        {rows?.length === 0 && (
          <EmptyState title="No API key yet" action={create}>
            Create one key for each program that calls the API, with the narrowest role and the shortest expiry that it
            needs.
          </EmptyState>
        )}
      </Card>
      {openId !== null && <KeySheet key={openId} id={openId} onClose={() => goTo("keys")} />}
    </>
  );
}
