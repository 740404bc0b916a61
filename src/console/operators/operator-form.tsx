// Adds an operator, or changes the name, role and expiry of one. The identity cannot change.
import { Button } from "@cloudflare/kumo/components/button";
import { Input } from "@cloudflare/kumo/components/input";
import { Radio } from "@cloudflare/kumo/components/radio";
import { type FormEvent, useState } from "react";
import type { OperatorData } from "../../admin/operators/schema.ts";
import { useAction } from "../action.ts";
import { useFieldErrors } from "../field-errors.ts";
import { type Expiry, ExpiryField, hoursOf } from "../keys/expiry-field.tsx";
import { RoleField } from "../keys/role-field.tsx";
import { isOutside } from "../problem.ts";
import { withError } from "../ui/field-error.tsx";
import { ProblemNotice } from "../ui/notices.tsx";
import { Buttons, Overlay } from "../ui/overlay.tsx";
import { NameField } from "../ui/text-fields.tsx";
import { type OperatorInput, useOperatorChanges } from "./operators-data.ts";

interface FormProps {
  /** `null`: a new operator. */
  readonly operator: OperatorData | null;
  readonly onClose: () => void;
}

interface Identity {
  readonly by: "email" | "subject";
  readonly value: string;
}

const FIELDS = ["name", "email", "subject", "role_id", "expire_after_hours"];
const FIRST_EXPIRY: Expiry = { choice: "never", date: "" };

export function OperatorForm({ operator, onClose }: FormProps) {
  const { save } = useOperatorChanges();
  const [name, setName] = useState(operator?.spec.name ?? "");
  const [identity, setIdentity] = useState<Identity>({ by: "email", value: "" });
  const [roleId, setRoleId] = useState(operator?.spec.role_id ?? "");
  /** `null`: the duration of an existing operator is unchanged and starts again. */
  const [expiry, setExpiry] = useState<Expiry | null>(operator === null ? FIRST_EXPIRY : null);
  const { run, busy, problem } = useAction(async (input: OperatorInput, force: boolean) => {
    await save(operator?.info.id ?? null, input, force);
    onClose();
  });
  const { check, errorOf } = useFieldErrors(problem);
  const lastManager = problem?.code === "last_manager";

  function submit(event: FormEvent) {
    event.preventDefault();
    const hours = expiry === null ? undefined : hoursOf(expiry, Date.now());
    const valid = check({
      ...(name.trim() === "" ? { name: "Enter a name." } : {}),
      ...(operator === null ? requireIdentity(identity) : {}),
      ...(roleId === "" ? { role_id: "Choose a role." } : {}),
      ...(hours === null ? { expire_after_hours: "Choose a date in the future." } : {}),
    });
    if (!valid || hours === null) return;
    const duration = hours === undefined ? {} : { expire_after_hours: hours };
    const who = operator === null ? { [identity.by]: identity.value.trim() } : {};
    run({ name: name.trim(), role_id: roleId, ...duration, ...who }, lastManager);
  }

  return (
    <Overlay title={operator === null ? "Add an operator" : `Edit “${operator.spec.name}”`} onClose={onClose}>
      <form onSubmit={submit} noValidate className="flex flex-col gap-5">
        <NameField value={name} onChange={setName} error={errorOf("name")} />
        {operator === null && (
          <IdentityField value={identity} onChange={setIdentity} error={errorOf("email") ?? errorOf("subject")} />
        )}
        <RoleField value={roleId} onChange={setRoleId} error={errorOf("role_id")} />
        {expiry === null ? (
          <UnchangedExpiry never={operator?.spec.expire_after_hours === 0} onChange={() => setExpiry(FIRST_EXPIRY)} />
        ) : (
          <ExpiryField value={expiry} onChange={setExpiry} error={errorOf("expire_after_hours")} resource="operator" />
        )}
        {problem && isOutside(problem, FIELDS) && <ProblemNotice problem={problem} />}
        <Buttons>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" loading={busy}>
            {lastManager ? "Save anyway" : operator === null ? "Add operator" : "Save"}
          </Button>
        </Buttons>
      </form>
    </Overlay>
  );
}

function requireIdentity({ by, value }: Identity): Readonly<Record<string, string>> {
  if (value.trim() !== "") return {};
  return { [by]: by === "email" ? "Enter the email address." : "Enter the subject." };
}

interface IdentityFieldProps {
  readonly value: Identity;
  readonly onChange: (identity: Identity) => void;
  readonly error: string | undefined;
}

function IdentityField({ value, onChange, error }: IdentityFieldProps) {
  return (
    <>
      <Radio.Group
        legend="Identified by"
        orientation="horizontal"
        value={value.by}
        onValueChange={(by: Identity["by"]) => onChange({ ...value, by })}
      >
        <Radio.Item value="email" label="Email address" className="mr-3" />
        <Radio.Item value="subject" label="Subject" />
      </Radio.Group>
      <Input
        label={value.by === "email" ? "Email address" : "Subject"}
        className="w-full"
        autoComplete="off"
        value={value.value}
        onChange={(event) => onChange({ ...value, value: event.target.value })}
        description="Exactly as the issuer reports it. The identity of an operator cannot be changed."
        {...withError(error)}
      />
    </>
  );
}

function UnchangedExpiry({ never, onChange }: { readonly never: boolean; readonly onChange: () => void }) {
  return (
    <p className="flex flex-wrap items-center gap-3">
      {never ? "Never expires." : "The expiry restarts when you save."}
      <Button size="sm" onClick={onChange}>
        Change the expiry
      </Button>
    </p>
  );
}
