// Navigation through the pages of a table.
import { Button } from "@cloudflare/kumo/components/button";
import { formatNumber } from "./numbers.ts";

interface PagerProps {
  /** Zero-based. */
  readonly page: number;
  readonly size: number;
  readonly count: number;
  readonly note: string;
  readonly onPage: (page: number) => void;
}

export function Pager({ page, size, count, note, onPage }: PagerProps) {
  const last = Math.max(0, Math.ceil(count / size) - 1);
  const from = formatNumber(page * size + 1);
  const to = formatNumber(Math.min(count, (page + 1) * size));
  return (
    <nav
      aria-label="Table pages"
      className="flex flex-wrap items-center justify-between gap-3 border-t border-kumo-line px-4 py-3"
    >
      <p role="status" className="tabular text-sm text-kumo-subtle">
        {from}–{to} of {formatNumber(count)} {note}
      </p>
      {last > 0 && (
        <div className="flex gap-2">
          <Button size="sm" disabled={page === 0} onClick={() => onPage(0)}>
            First
          </Button>
          <Button size="sm" disabled={page === 0} onClick={() => onPage(page - 1)}>
            Previous
          </Button>
          <Button size="sm" disabled={page >= last} onClick={() => onPage(page + 1)}>
            Next
          </Button>
          <Button size="sm" disabled={page >= last} onClick={() => onPage(last)}>
            Last
          </Button>
        </div>
      )}
    </nav>
  );
}
