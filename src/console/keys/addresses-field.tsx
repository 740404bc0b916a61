// From where a key may be used: anywhere, or the addresses of chosen allow lists. Warns when that leaves the chooser out.
import { Banner } from "@cloudflare/kumo/components/banner";
import { Checkbox } from "@cloudflare/kumo/components/checkbox";
import { Radio } from "@cloudflare/kumo/components/radio";
import { covers } from "../lists/addresses.ts";
import { useAllowLists, useOwnAddress } from "../lists/allow-lists-data.ts";
import { FieldError } from "../ui/field-error.tsx";
import { ProblemNotice } from "../ui/notices.tsx";

interface AddressesFieldProps {
  /** `null`: any address, or what else that choice is called. */
  readonly value: readonly string[] | null;
  readonly onChange: (listIds: readonly string[] | null) => void;
  readonly error: string | undefined;
  readonly without?: string;
}

export function AddressesField({ value, onChange, error, without = "Any address" }: AddressesFieldProps) {
  return (
    <div className="flex flex-col gap-3">
      <Radio.Group
        legend="May be used from"
        value={value === null ? "any" : "lists"}
        onValueChange={(choice: string) => onChange(choice === "any" ? null : [])}
      >
        <Radio.Item value="any" label={without} />
        <Radio.Item value="lists" label="Addresses of IP allow lists only" />
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
    return <p className="text-kumo-subtle">There is no allow list yet: make one on the page “IP allow lists” first.</p>;
  }
  const chosen = lists.data.filter(({ info }) => value.includes(info.id));
  const within =
    address === null ||
    covers(
      chosen.flatMap(({ spec }) => spec.allow_list),
      address,
    );
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
      {chosen.length > 0 && !within && (
        <Banner
          variant="alert"
          size="sm"
          title="Your own address is not in these lists"
          description={`The key would be refused from ${address}, where you are now.`}
        />
      )}
    </>
  );
}

function summary(rules: readonly string[]): string {
  return rules.length <= 2 ? rules.join(", ") : `${rules[0]} and ${rules.length - 1} more`;
}
