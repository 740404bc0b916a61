// The search and the status filter above the table.
import { Button } from "@cloudflare/kumo/components/button";
import { Input } from "@cloudflare/kumo/components/input";
import { usePolicy } from "../policy/policy-data.ts";
import { goTo, type KeySubset } from "../route.tsx";
import { RefreshIcon } from "../ui/icons.tsx";
import { formatNumber } from "../ui/numbers.ts";
import type { KeyView } from "./key-view.ts";

const STATUSES = {
  CURRENT: "Current",
  ACTIVE: "Active",
  DISABLED: "Disabled",
  CANARY: "Canary",
  EXPIRED: "Expired",
  REVOKED: "Revoked",
  ALL: "All",
} as const;

interface KeyFiltersProps {
  readonly view: KeyView;
  readonly subset: KeySubset | null;
  readonly counts: Readonly<Record<KeyView["status"], number>>;
  readonly onChange: (part: Partial<KeyView>) => void;
  readonly onRefresh: () => void;
  readonly busy: boolean;
}

export function KeyFilters({ view, subset, counts, onChange, onRefresh, busy }: KeyFiltersProps) {
  return (
    <search className="flex flex-wrap items-center gap-3 border-b border-kumo-line p-3 sm:px-4">
      <Input
        type="search"
        aria-label="Search keys by name, description, role, creator or ID"
        placeholder="Search name, role, creator …"
        className="min-w-0 flex-1 sm:w-72 sm:flex-none"
        value={view.search}
        onChange={(event) => onChange({ search: event.target.value })}
      />
      <fieldset className="order-last flex w-full flex-wrap gap-1 sm:order-none sm:w-auto">
        <legend className="sr-only">Status</legend>
        {(Object.keys(STATUSES) as KeyView["status"][]).map((status) => (
          <Button
            key={status}
            size="sm"
            variant={view.status === status ? "secondary" : "ghost"}
            aria-pressed={view.status === status}
            onClick={() => onChange({ status })}
          >
            {STATUSES[status]} <span className="tabular text-kumo-subtle">{formatNumber(counts[status])}</span>
          </Button>
        ))}
      </fieldset>
      <ArchiveButton pressed={subset === "archived"} />
      <Button
        className="ml-auto"
        variant="ghost"
        size="sm"
        shape="square"
        aria-label="Reload the keys"
        icon={<RefreshIcon />}
        loading={busy}
        onClick={onRefresh}
      />
    </search>
  );
}

/** Shown where the account's policy archives keys, or an address leads to them. */
function ArchiveButton({ pressed }: { readonly pressed: boolean }) {
  const { data } = usePolicy();
  if (!pressed && (data?.spec.archive_after_days ?? null) === null) return null;
  return (
    <Button
      size="sm"
      variant={pressed ? "secondary" : "ghost"}
      aria-pressed={pressed}
      onClick={() => goTo("keys", null, pressed ? null : "archived")}
    >
      Archived keys
    </Button>
  );
}
