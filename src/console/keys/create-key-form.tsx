// The form of a new key. The server's errors are shown at the fields that caused them.
import { Button } from "@cloudflare/kumo/components/button";
import { Checkbox } from "@cloudflare/kumo/components/checkbox";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import type { ApiKeyData, ApiKeySpec } from "../../admin/api-keys/schema.ts";
import { fetchHasMember } from "../api.ts";
import { useFieldErrors } from "../field-errors.ts";
import { isOutside, type Problem } from "../problem.ts";
import { FieldError } from "../ui/field-error.tsx";
import { ProblemNotice } from "../ui/notices.tsx";
import { Buttons } from "../ui/overlay.tsx";
import { DescriptionField, NameField } from "../ui/text-fields.tsx";
import { AddressesField } from "./addresses-field.tsx";
import { type Expiry, ExpiryField, FIRST_EXPIRY, hoursOf } from "./expiry-field.tsx";
import { RoleField } from "./role-field.tsx";

interface FormProps {
  readonly busy: boolean;
  readonly problem: Problem | null;
  readonly onSubmit: (spec: ApiKeySpec) => void;
  readonly onCancel: () => void;
  readonly onShowEarlier: (id: string) => void;
  readonly onStartOver: () => void;
}

const FIELDS = ["name", "description", "role_id", "expire_after_hours", "allow_list_info", "canary"];

export function CreateKeyForm({ busy, problem, onSubmit, onCancel, onShowEarlier, onStartOver }: FormProps) {
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [roleId, setRoleId] = useState("");
  const [expiry, setExpiry] = useState<Expiry>(FIRST_EXPIRY);
  /** `null`: any address. */
  const [listIds, setListIds] = useState<readonly string[] | null>(null);
  const [canary, setCanary] = useState(false);
  const { check, errorOf } = useFieldErrors(problem);

  function submit(event: FormEvent) {
    event.preventDefault();
    const hours = hoursOf(expiry, Date.now());
    const valid = check({
      ...(name.trim() === "" ? { name: "Enter a name." } : {}),
      ...(roleId === "" ? { role_id: "Choose a role." } : {}),
      ...(hours === null ? { expire_after_hours: "Choose a date in the future." } : {}),
      ...(listIds?.length === 0 ? { allow_list_info: "Choose at least one list, or allow any address." } : {}),
    });
    if (!valid || hours === null) return;
    onSubmit({
      name: name.trim(),
      description: description.trim(),
      expire_after_hours: hours,
      role_id: roleId,
      allow_list_info: [...(listIds ?? [])],
      ...(canary ? { canary } : {}),
    });
  }

  const replayed = problem?.code === "idempotency_key_used";
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-6">
      <NameField
        value={name}
        onChange={setName}
        error={errorOf("name")}
        hint="The program that uses the key, such as “ci-backups”."
      />
      <DescriptionField value={description} onChange={setDescription} error={errorOf("description")} />
      <RoleField value={roleId} onChange={setRoleId} error={errorOf("role_id")} />
      <ExpiryField value={expiry} onChange={setExpiry} error={errorOf("expire_after_hours")} />
      <AddressesField value={listIds} onChange={setListIds} error={errorOf("allow_list_info")} />
      <CanaryField value={canary} onChange={setCanary} error={errorOf("canary")} />
      {problem && !replayed && isOutside(problem, FIELDS) && <ProblemNotice problem={problem} />}
      {problem && replayed && <Replayed problem={problem} onShowEarlier={onShowEarlier} onStartOver={onStartOver} />}
      <Buttons>
        <Button onClick={onCancel}>Cancel</Button>
        <Button type="submit" variant="primary" loading={busy} disabled={replayed}>
          Create key
        </Button>
      </Buttons>
    </form>
  );
}

interface CanaryFieldProps {
  readonly value: boolean;
  readonly onChange: (canary: boolean) => void;
  readonly error: string | undefined;
}

/** Shown where the API makes canary keys. */
function CanaryField({ value, onChange, error }: CanaryFieldProps) {
  const { data: offered = false } = useQuery({
    queryKey: ["canary-keys"],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }) => fetchHasMember("ApiKeySpec", "canary", signal),
  });
  const id = useId();
  if (!offered) return null;
  return (
    <div className="flex flex-col gap-1">
      <Checkbox label="Canary key" aria-describedby={id} checked={value} onCheckedChange={onChange} />
      <p id={id} className="text-sm text-kumo-subtle">
        It never opens: put it where only an attacker would use it, and its use is reported with the address.
      </p>
      <FieldError error={error} />
    </div>
  );
}

type ReplayedProps = Pick<FormProps, "onShowEarlier" | "onStartOver"> & { readonly problem: Problem };

/** An earlier attempt created a key, but its response was lost, and the secret with it. */
function Replayed({ problem, onShowEarlier, onStartOver }: ReplayedProps) {
  const { data } = problem.body as { readonly data: ApiKeyData };
  return (
    <ProblemNotice problem={problem}>
      <span className="flex flex-wrap gap-2">
        <Button size="sm" onClick={() => onShowEarlier(data.info.id)}>
          Show “{data.spec.name}”
        </Button>
        <Button size="sm" onClick={onStartOver}>
          Create another key
        </Button>
      </span>
    </ProblemNotice>
  );
}
