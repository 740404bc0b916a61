// All API keys of the account.
import { Button } from "@cloudflare/kumo/components/button";
import { useDeferredValue, useMemo, useState } from "react";
import { goTo } from "../route.tsx";
import { useSession } from "../session.ts";
import { PlusIcon } from "../ui/icons.tsx";
import { LoadingRows, Nothing, ProblemNotice } from "../ui/notices.tsx";
import { Card, PageHeader } from "../ui/page.tsx";
import { Pager } from "../ui/pager.tsx";
import { KeyFilters } from "./key-filters.tsx";
import { KeySheet } from "./key-sheet.tsx";
import { countByStatus, FIRST_VIEW, type KeyView, PAGE_SIZE, selectKeys } from "./key-view.ts";
import { useKeys } from "./keys-data.ts";
import { KeysTable } from "./keys-table.tsx";

interface KeysPageProps {
  readonly openId: string | null;
  readonly onCreate: () => void;
}

export function KeysPage({ openId, onCreate }: KeysPageProps) {
  const { may, roleName } = useSession();
  const { data, error, isFetching, refetch } = useKeys();
  const [view, setView] = useState<KeyView>(FIRST_VIEW);
  const wanted = useDeferredValue(view);
  const rows = data?.rows;
  const selected = useMemo(() => (rows === undefined ? [] : selectKeys(rows, wanted)), [rows, wanted]);
  const counts = useMemo(() => countByStatus(rows ?? []), [rows]);
  const change = (part: Partial<KeyView>) => setView((before) => ({ ...before, page: 0, ...part }));
  const mayCreate = may("API_KEY:CREATE");
  const create = mayCreate && (
    <Button variant="primary" icon={<PlusIcon />} onClick={onCreate}>
      Create API key
    </Button>
  );

  return (
    <>
      <PageHeader title="API keys" action={create}>
        Every call through the gateway carries one of these keys.
        {!mayCreate && ` Your role, ${roleName}, may look at them and not make any.`}
      </PageHeader>
      {error && <ProblemNotice problem={error} onRetry={() => void refetch()} />}
      <Card>
        <KeyFilters view={view} counts={counts} onChange={change} onRefresh={() => void refetch()} busy={isFetching} />
        {rows === undefined && !error && <LoadingRows what="API keys" />}
        {rows && rows.length > 0 && selected.length > 0 && (
          <>
            <KeysTable
              keys={selected.slice(wanted.page * PAGE_SIZE, (wanted.page + 1) * PAGE_SIZE)}
              view={view}
              onChange={change}
            />
            <Pager
              page={wanted.page}
              size={PAGE_SIZE}
              count={selected.length}
              note={isFetching ? "loading more …" : ""}
              onPage={(page) => change({ page })}
            />
          </>
        )}
        {rows && rows.length > 0 && selected.length === 0 && (
          <Nothing title="No key matches" action={<Button onClick={() => setView(FIRST_VIEW)}>Show all keys</Button>}>
            {isFetching ? "More keys are still being loaded." : "Try fewer words, or another status."}
          </Nothing>
        )}
        {rows?.length === 0 && (
          <Nothing title="No API key yet" action={create}>
            Create one for every program that calls the API, with the role and the time that it needs, and no more.
          </Nothing>
        )}
      </Card>
      {openId !== null && <KeySheet key={openId} id={openId} onClose={() => goTo("keys")} />}
    </>
  );
}
