// The expiry of a key or an operator: a preset, a date, or never.
import { Banner } from "@cloudflare/kumo/components/banner";
import { Button } from "@cloudflare/kumo/components/button";
import { Input } from "@cloudflare/kumo/components/input";
import { Radio } from "@cloudflare/kumo/components/radio";
import { FieldError } from "../ui/field-error.tsx";
import { exactTime } from "../ui/time.tsx";

const HOUR_MS = 3_600_000;

const PRESETS = { "168": "7 days", "720": "30 days", "2160": "90 days", "8760": "1 year" } as const;

export interface Expiry {
  /** Hours, `date` or `never`. */
  readonly choice: keyof typeof PRESETS | "date" | "never";
  /** The value of `<input type="date">`. */
  readonly date: string;
}

export const FIRST_EXPIRY: Expiry = { choice: "2160", date: "" };

/** @returns whole hours from `now`; 0: never; `null`: the date is not in the future */
export function hoursOf({ choice, date }: Expiry, now: number): number | null {
  if (choice === "never") return 0;
  if (choice !== "date") return Number(choice);
  // The end of the day in the user's time zone.
  const end = Date.parse(`${date}T23:59:59`);
  const hours = Math.floor((end - now) / HOUR_MS);
  return hours >= 1 ? hours : null;
}

interface ExpiryFieldProps {
  readonly value: Expiry;
  readonly onChange: (expiry: Expiry) => void;
  readonly error: string | undefined;
  /** Only a key can leak: without an expiry it gets a warning. */
  readonly resource?: "key" | "operator";
}

export function ExpiryField({ value, onChange, error, resource = "key" }: ExpiryFieldProps) {
  const hours = hoursOf(value, Date.now());
  return (
    <div className="flex flex-col gap-3">
      <Radio.Group
        legend="Expires"
        orientation="horizontal"
        className="gap-3"
        value={value.choice}
        onValueChange={(choice: Expiry["choice"]) => onChange({ ...value, choice })}
      >
        {Object.entries(PRESETS).map(([preset, text]) => (
          <Radio.Item key={preset} value={preset} label={text} className="mr-3" />
        ))}
        <Radio.Item value="date" label="On a date" className="mr-3" />
        <Radio.Item value="never" label="Never" />
      </Radio.Group>
      {value.choice === "date" && (
        <Input
          type="date"
          label="Last day"
          className="w-48"
          value={value.date}
          onChange={(event) => onChange({ ...value, date: event.target.value })}
        />
      )}
      {hours !== null && hours > 0 && (
        <p className="text-sm text-kumo-subtle">Expires on {exactTime(Date.now() + hours * HOUR_MS)}.</p>
      )}
      {value.choice === "never" && resource === "key" && (
        <Banner
          variant="alert"
          size="sm"
          title="This key never expires"
          description="A leaked key works until it is revoked. Prefer one year and a reminder to replace the key."
        />
      )}
      <FieldError error={error} />
    </div>
  );
}

/** In the place of the field until somebody wants to change the expiry: to edit the rest does not move it. */
export function UnchangedExpiry({ never, onChange }: { readonly never: boolean; readonly onChange: () => void }) {
  return (
    <p className="flex flex-wrap items-center gap-3">
      {never ? "Never expires." : "The expiry stays as it is."}
      <Button size="sm" onClick={onChange}>
        Change the expiry
      </Button>
    </p>
  );
}
