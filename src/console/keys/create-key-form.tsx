// What a new key is asked for. Whatever the server finds wrong stands at the field that caused it.
import { Button } from "@cloudflare/kumo/components/button";
import { Input, InputArea } from "@cloudflare/kumo/components/input";
import { type FormEvent, useState } from "react";
import type { ApiKeyData, ApiKeySpec } from "../../admin/api-keys/schema.ts";
import { faultIn, isBeyond, type Problem } from "../problem.ts";
import { withError } from "../ui/field-error.tsx";
import { ProblemNotice } from "../ui/notices.tsx";
import { Buttons } from "../ui/overlay.tsx";
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

const FIELDS = ["name", "description", "role_id", "expire_after_hours", "allow_list_info"];

export function CreateKeyForm({ busy, problem, onSubmit, onCancel, onShowEarlier, onStartOver }: FormProps) {
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [roleId, setRoleId] = useState("");
  const [expiry, setExpiry] = useState<Expiry>(FIRST_EXPIRY);
  /** `null`: any address. */
  const [listIds, setListIds] = useState<readonly string[] | null>(null);
  const [missing, setMissing] = useState<Readonly<Record<string, string>>>({});

  function submit(event: FormEvent) {
    event.preventDefault();
    const hours = hoursOf(expiry, Date.now());
    const lacking = {
      ...(name.trim() === "" ? { name: "Give the key a name." } : {}),
      ...(roleId === "" ? { role_id: "Choose a role." } : {}),
      ...(hours === null ? { expire_after_hours: "Choose a day in the future." } : {}),
      ...(listIds?.length === 0 ? { allow_list_info: "Choose at least one list, or allow any address." } : {}),
    };
    setMissing(lacking);
    if (Object.keys(lacking).length > 0 || hours === null) return;
    onSubmit({
      name: name.trim(),
      description: description.trim(),
      expire_after_hours: hours,
      role_id: roleId,
      allow_list_info: [...(listIds ?? [])],
    });
  }

  const errorOf = (field: string) => missing[field] ?? faultIn(problem, field);
  const replayed = problem?.code === "idempotency_key_used";
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-6">
      <Input
        label="Name"
        className="w-full"
        autoComplete="off"
        maxLength={64}
        value={name}
        onChange={(event) => setName(event.target.value)}
        description="Of the program that will use it, such as “ci-backups”."
        {...withError(errorOf("name"))}
      />
      <InputArea
        label="Description (optional)"
        className="w-full"
        rows={2}
        maxLength={256}
        value={description}
        onChange={(event) => setDescription(event.target.value.replaceAll("\n", " "))}
        {...withError(errorOf("description"))}
      />
      <RoleField value={roleId} onChange={setRoleId} error={errorOf("role_id")} />
      <ExpiryField value={expiry} onChange={setExpiry} error={errorOf("expire_after_hours")} />
      <AddressesField value={listIds} onChange={setListIds} error={errorOf("allow_list_info")} />
      {problem && !replayed && isBeyond(problem, FIELDS) && <ProblemNotice problem={problem} />}
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

type ReplayedProps = Pick<FormProps, "onShowEarlier" | "onStartOver"> & { readonly problem: Problem };

/** An earlier attempt did make a key, but its answer was lost on the way, and the secret with it. */
function Replayed({ problem, onShowEarlier, onStartOver }: ReplayedProps) {
  const { data } = problem.answer as { readonly data: ApiKeyData };
  return (
    <ProblemNotice problem={problem}>
      <span className="flex flex-wrap gap-2">
        <Button size="sm" onClick={() => onShowEarlier(data.info.id)}>
          Show “{data.spec.name}”
        </Button>
        <Button size="sm" onClick={onStartOver}>
          Make a new one all the same
        </Button>
      </span>
    </ProblemNotice>
  );
}
