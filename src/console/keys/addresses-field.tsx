// The addresses from which a key can be used: all, or those of IP allow lists. Warns when they exclude the user's own.
import { Banner } from "@cloudflare/kumo/components/banner";
import { Checkbox } from "@cloudflare/kumo/components/checkbox";
import { Radio } from "@cloudflare/kumo/components/radio";
import { covers, widelyAllowed } from "../lists/addresses.ts";
import { PROJECT_UNKNOWN, useAllowLists, useOwnAddress } from "../lists/allow-lists-data.ts";
import { FieldError } from "../ui/field-error.tsx";
import { ProblemNotice } from "../ui/notices.tsx";

interface AddressesFieldProps {
  /** `null`: the choice that `unrestricted` labels. */
  readonly value: readonly string[] | null;
  readonly onChange: (listIds: readonly string[] | null) => void;
  readonly error: string | undefined;
  readonly unrestricted?: string;
}

export function AddressesField({ value, onChange, error, unrestricted = "Any address" }: AddressesFieldProps) {
  return (
    <div className="flex flex-col gap-3">
      <Radio.Group
        legend="Allowed addresses"
        value={value === null ? "any" : "lists"}
        onValueChange={(choice: string) => onChange(choice === "any" ? null : [])}
      >
        <Radio.Item value="any" label={unrestricted} />
        <Radio.Item value="lists" label="Addresses in IP allow lists only" />
      </Radio.Group>
      {value !== null && <Lists value={value} onChange={onChange} />}
      <FieldError error={error} />
    </div>
  );
}

function Lists({ value, onChange }: { readonly value: readonly string[]; readonly onChange: (ids: string[]) => void }) {
  const lists = useAllowLists();
  const address = useOwnAddress();
  if (lists.error) return <ProblemNotice problem={lists.error} onRetry={() => void lists.refetch()} />;
  if (lists.data === undefined) return <p role="status">Loading allow lists …</p>;
  if (lists.data.length === 0) {
    const missing = lists.project === PROJECT_UNKNOWN ? "Enter the project" : "There is no allow list yet. Create one";
    return <p className="text-kumo-subtle">{missing} on the “IP allow lists” page first.</p>;
  }
  const chosen = lists.data.filter(({ info }) => value.includes(info.id));
  const rules = chosen.flatMap(({ spec }) => spec.allow_list);
  const included = address === null || covers(rules, address);
  const wide = widelyAllowed(rules);
  return (
    <>
      <fieldset className="flex max-h-48 flex-col gap-2 overflow-y-auto rounded-lg border border-kumo-line p-3">
        <legend className="sr-only">Allow lists</legend>
        {lists.data.map(({ spec, info }) => (
          <Checkbox
            key={info.id}
            label={`${spec.name} (${summary(spec.allow_list)})`}
            checked={value.includes(info.id)}
            onCheckedChange={(on) => onChange(on ? [...value, info.id] : value.filter((id) => id !== info.id))}
          />
        ))}
      </fieldset>
      {address !== null && <p className="text-sm text-kumo-subtle">Your address is {address}.</p>}
      {wide.length > 0 && (
        <Banner
          variant="alert"
          size="sm"
          title="These lists restrict next to nothing"
          description={`Together they allow at least half of all ${wide.join(" and ")} addresses.`}
        />
      )}
      {chosen.length > 0 && !included && (
        <Banner
          variant="alert"
          size="sm"
          title="Your address is not in these lists"
          description={`Requests with this key from your address, ${address}, would be denied.`}
        />
      )}
    </>
  );
}

function summary(rules: readonly string[]): string {
  return rules.length <= 2 ? rules.join(", ") : `${rules[0]} and ${rules.length - 1} more`;
}
