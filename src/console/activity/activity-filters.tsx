// The filters of the audit log: text, type of event, type of resource, and dates.
import { Input, inputVariants } from "@cloudflare/kumo/components/input";
import type { ActivityFilters } from "./activity-data.ts";

const EVENT_TYPES = {
  CREATE: "Created",
  EDIT: "Edited",
  DELETE: "Deleted",
  REVOKE: "Revoked",
  EXPIRE: "Expired",
  EXPIRING: "Expiring",
  LEAK: "Leaked",
  CANARY: "Used canary",
};
const RESOURCE_TYPES = {
  API_KEY: "API keys",
  ALLOW_LIST: "IP allow lists",
  ROLE: "Roles",
  OPERATOR: "Operators",
  ENDPOINT: "Endpoints",
};

interface FiltersProps {
  readonly filters: ActivityFilters;
  readonly onChange: (part: Partial<ActivityFilters>) => void;
}

export function ActivityFilterFields({ filters, onChange }: FiltersProps) {
  return (
    <search className="flex flex-wrap items-end gap-3 border-b border-kumo-line p-3 sm:px-4">
      <Input
        type="search"
        label="Search"
        placeholder="Name, ID or actor …"
        className="w-full sm:w-64"
        maxLength={128}
        value={filters.search}
        onChange={(event) => onChange({ search: event.target.value })}
      />
      <Filter
        label="Event type"
        all="All events"
        choices={EVENT_TYPES}
        value={filters.eventType}
        onChange={(eventType) => onChange({ eventType })}
      />
      <Filter
        label="Resource type"
        all="All resources"
        choices={RESOURCE_TYPES}
        value={filters.resourceType}
        onChange={(resourceType) => onChange({ resourceType })}
      />
      <Input
        type="date"
        label="First day"
        value={filters.from}
        max={filters.to}
        onChange={(event) => onChange({ from: event.target.value })}
      />
      <Input
        type="date"
        label="Last day"
        value={filters.to}
        min={filters.from}
        onChange={(event) => onChange({ to: event.target.value })}
      />
    </search>
  );
}

interface FilterProps {
  readonly label: string;
  readonly all: string;
  readonly choices: Readonly<Record<string, string>>;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

function Filter({ label, all, choices, value, onChange }: FilterProps) {
  return (
    <label className="flex flex-col gap-2 text-base font-medium">
      {label}
      <select
        className={`${inputVariants({ variant: "default" })} font-normal`}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      >
        <option value="">{all}</option>
        {Object.entries(choices).map(([choice, text]) => (
          <option key={choice} value={choice}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
