// The audit log, latest first, and its export as a file.
import { Button } from "@cloudflare/kumo/components/button";
import { useEffect, useState } from "react";
import { useAction } from "../action.ts";
import { DownloadIcon } from "../ui/icons.tsx";
import { EmptyState, LoadingRows, ProblemNotice } from "../ui/notices.tsx";
import { countOf } from "../ui/numbers.ts";
import { Card, PageHeader } from "../ui/page.tsx";
import { type ActivityFilters, NO_FILTERS, useEvents, useExport } from "./activity-data.ts";
import { ActivityFilterFields } from "./activity-filters.tsx";
import { EventsTable } from "./events-table.tsx";

const DEBOUNCE_MS = 300;

export function ActivityPage() {
  const [filters, setFilters] = useState(NO_FILTERS);
  const applied = useDebounced(filters);
  const { data, error, refetch, fetchNextPage, hasNextPage, isFetching } = useEvents(applied);
  const save = useExport();
  const saving = useAction(() => save(filters));
  const events = data?.pages.flatMap((page) => page.data);
  return (
    <>
      <PageHeader
        title="Activity"
        action={
          <Button icon={<DownloadIcon />} loading={saving.busy} onClick={() => saving.run()}>
            Export
          </Button>
        }
      >
        All changes in this account, latest first. Audit events cannot be edited.
      </PageHeader>
      {saving.problem && <ProblemNotice problem={saving.problem} />}
      {error && <ProblemNotice problem={error} onRetry={() => void refetch()} />}
      <Card>
        <ActivityFilterFields filters={filters} onChange={(part) => setFilters((before) => ({ ...before, ...part }))} />
        {events === undefined && !error && <LoadingRows what="events" />}
        {events?.length === 0 && (
          <EmptyState
            title="No event matches"
            action={<Button onClick={() => setFilters(NO_FILTERS)}>Show all events</Button>}
          >
            Try another search or a longer period.
          </EmptyState>
        )}
        {events && events.length > 0 && (
          <>
            <EventsTable events={events} />
            <div className="flex flex-wrap items-center justify-between gap-3 border-t border-kumo-line px-4 py-3">
              <p role="status" className="tabular text-sm text-kumo-subtle">
                {countOf(events.length, "event")}
                {hasNextPage ? ", older events available" : ""}
              </p>
              {hasNextPage && (
                <Button size="sm" loading={isFetching} onClick={() => void fetchNextPage()}>
                  Show older events
                </Button>
              )}
            </div>
          </>
        )}
      </Card>
    </>
  );
}

/** The filters after a pause in typing, so that not every key press sends a request. */
function useDebounced(filters: ActivityFilters): ActivityFilters {
  const [debounced, setDebounced] = useState(filters);
  useEffect(() => {
    const timer = setTimeout(() => setDebounced(filters), DEBOUNCE_MS);
    return () => clearTimeout(timer);
  }, [filters]);
  return debounced;
}
