// Who did what and when, the latest first: page after page, and all of it as a file.
import { Button } from "@cloudflare/kumo/components/button";
import { useEffect, useState } from "react";
import { useAction } from "../action.ts";
import { DownloadIcon } from "../ui/icons.tsx";
import { LoadingRows, Nothing, ProblemNotice } from "../ui/notices.tsx";
import { Card, PageHeader } from "../ui/page.tsx";
import { type ActivityFilters, EVERYTHING, useEvents, useExport } from "./activity-data.ts";
import { ActivityFields } from "./activity-filters.tsx";
import { EventsTable } from "./events-table.tsx";

const TYPING_MS = 300;

export function ActivityPage() {
  const [filters, setFilters] = useState(EVERYTHING);
  const asked = useSettled(filters);
  const { data, error, refetch, fetchNextPage, hasNextPage, isFetching } = useEvents(asked);
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
        Who changed what, the latest first. Nothing here can be edited.
      </PageHeader>
      {saving.problem && <ProblemNotice problem={saving.problem} />}
      {error && <ProblemNotice problem={error} onRetry={() => void refetch()} />}
      <Card>
        <ActivityFields filters={filters} onChange={(part) => setFilters((before) => ({ ...before, ...part }))} />
        {events === undefined && !error && <LoadingRows what="events" />}
        {events?.length === 0 && (
          <Nothing
            title="No event matches"
            action={<Button onClick={() => setFilters(EVERYTHING)}>Show all events</Button>}
          >
            Try fewer words, or more days.
          </Nothing>
        )}
        {events && events.length > 0 && (
          <>
            <EventsTable events={events} />
            <div className="flex flex-wrap items-center justify-between gap-3 border-t border-kumo-line px-4 py-3">
              <p role="status" className="tabular text-sm text-kumo-subtle">
                {events.length} {events.length === 1 ? "event" : "events"}
                {hasNextPage ? ", and older ones" : ""}
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

/** The filters once nobody types any more, so that not every letter asks the server. */
function useSettled(filters: ActivityFilters): ActivityFilters {
  const [settled, setSettled] = useState(filters);
  useEffect(() => {
    const waiting = setTimeout(() => setSettled(filters), TYPING_MS);
    return () => clearTimeout(waiting);
  }, [filters]);
  return settled;
}
