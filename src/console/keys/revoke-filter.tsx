// The filter of a revocation of many keys. A key must meet all conditions that are filled in.
import { Button } from "@cloudflare/kumo/components/button";
import { Checkbox } from "@cloudflare/kumo/components/checkbox";
import { Input } from "@cloudflare/kumo/components/input";
import { type FormEvent, useMemo, useState } from "react";
import { useFieldErrors } from "../field-errors.ts";
import type { Problem } from "../problem.ts";
import { useRoles } from "../roles/roles-data.ts";
import { ChoiceField } from "../ui/choice.tsx";
import { FieldError, withError } from "../ui/field-error.tsx";
import { ProblemNotice } from "../ui/notices.tsx";
import { Buttons } from "../ui/overlay.tsx";
import { ancestorOf, creatorsOf, isDays, MAX_DAYS, type RevokeFilter } from "./bulk-revocation.tsx";
import type { KeyRow } from "./key-row.ts";

interface FormProps {
  readonly rows: readonly KeyRow[];
  /** Whether `rows` may not be all keys yet. */
  readonly loading: boolean;
  /** Whether the form begins with this condition. */
  readonly noncompliant: boolean;
  readonly busy: boolean;
  readonly problem: Problem | null;
  /** How many keys the filter has found; `null`: not counted yet. */
  readonly found: number | null;
  readonly onSubmit: (filter: RevokeFilter) => void;
  readonly onChange: () => void;
  readonly onCancel: () => void;
}

const ANY = "any";
const DAY_MS = 86_400_000;
const EMPTY = { role: ANY, creator: ANY, signingKey: ANY, unusedDays: "", ancestor: "" };

export function RevokeFilterForm({ rows, loading, noncompliant, problem, onSubmit, onChange, ...rest }: FormProps) {
  const { busy, found, onCancel } = rest;
  const roles = useRoles();
  const creators = useMemo(() => creatorsOf(rows), [rows]);
  const signingKeys = useMemo(
    () => [...new Set(rows.flatMap(({ signingKeyId }) => signingKeyId ?? []))].sort(),
    [rows],
  );
  const [values, setValues] = useState(EMPTY);
  const [beyondPolicy, setBeyondPolicy] = useState(noncompliant);
  const { check, errorOf } = useFieldErrors(problem);
  const field = (name: keyof typeof EMPTY) => ({
    value: values[name],
    error: errorOf(name),
    onChange(value: string) {
      onChange();
      setValues((before) => ({ ...before, [name]: value }));
    },
  });
  const input = (name: keyof typeof EMPTY) => {
    const { value, error, onChange: set } = field(name);
    return { value, onChange: (event: { target: { value: string } }) => set(event.target.value), ...withError(error) };
  };

  function submit(event: FormEvent) {
    event.preventDefault();
    const ancestor = ancestorOf(values.ancestor.trim(), loading ? null : rows);
    const days = values.unusedDays.trim();
    const empty = Object.entries(EMPTY).every(([name, value]) => values[name as keyof typeof EMPTY].trim() === value);
    const valid = check({
      ...(empty && !beyondPolicy ? { filter: "Fill in at least one condition." } : {}),
      ...("error" in ancestor ? { ancestor: ancestor.error } : {}),
      ...(days === "" || isDays(days) ? {} : { unusedDays: `Enter a whole number of days, at most ${MAX_DAYS}.` }),
    });
    if (!valid || "error" in ancestor) return;
    onSubmit({
      ...(values.role === ANY ? {} : { role_id: values.role }),
      ...(values.creator === ANY ? {} : { created_by_id: values.creator }),
      ...(values.signingKey === ANY ? {} : { signing_key_id: values.signingKey }),
      ...(days === "" ? {} : { not_used_since: new Date(Date.now() - Number(days) * DAY_MS).toISOString() }),
      ...(ancestor.id === null ? {} : { descendants_of_id: ancestor.id }),
      ...(beyondPolicy ? { noncompliant: true as const } : {}),
    });
  }

  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-5">
      <p>This revokes the keys that meet all conditions. The next step shows them and asks again.</p>
      {roles.error && <ProblemNotice problem={roles.error} onRetry={() => void roles.refetch()} />}
      <ChoiceField
        label="Role"
        {...field("role")}
        placeholder="Choose"
        choices={[
          { value: ANY, text: "Any role" },
          ...(roles.data ?? []).map(({ info }) => ({ value: info.id, text: info.display_name })),
        ]}
      />
      <ChoiceField
        label="Created by"
        {...field("creator")}
        placeholder="Choose"
        choices={[{ value: ANY, text: "Anybody" }, ...creators]}
      />
      {signingKeys.length > 0 && (
        <ChoiceField
          label="Signing secret"
          {...field("signingKey")}
          placeholder="Choose"
          choices={[{ value: ANY, text: "Any secret" }, ...signingKeys.map((id) => ({ value: id, text: id }))]}
        />
      )}
      <Input
        label="Days without use"
        className="w-48"
        inputMode="numeric"
        autoComplete="off"
        {...input("unusedDays")}
      />
      <Input
        label="Descendants of"
        className="w-full"
        autoComplete="off"
        description="The name or the ID of a key: that key, and all that it has created or was rotated to."
        {...input("ancestor")}
      />
      <Checkbox
        label="Not allowed by the account's policy"
        checked={beyondPolicy}
        onCheckedChange={(checked: boolean) => {
          onChange();
          setBeyondPolicy(checked);
        }}
      />
      <FieldError error={errorOf("filter")} />
      {found === 0 && <p role="status">No key matches that you could revoke.</p>}
      {problem && <ProblemNotice problem={problem} />}
      <Buttons>
        <Button onClick={onCancel}>Cancel</Button>
        <Button type="submit" variant="primary" loading={busy}>
          Continue
        </Button>
      </Buttons>
    </form>
  );
}
