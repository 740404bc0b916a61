// Adds an operator, or changes the name, role and expiry of one. The identity cannot change.
import { Banner } from "@cloudflare/kumo/components/banner";
import { Button } from "@cloudflare/kumo/components/button";
import { Input } from "@cloudflare/kumo/components/input";
import { Radio } from "@cloudflare/kumo/components/radio";
import { type FormEvent, useState } from "react";
import type { OperatorData } from "../../admin/operators/schema.ts";
import { useAction } from "../action.ts";
import { useFieldErrors } from "../field-errors.ts";
import { type Expiry, ExpiryField, hoursOf, UnchangedExpiry } from "../keys/expiry-field.tsx";
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
  /** `null`: the expiry of an existing operator stays as it is. */
  const [expiry, setExpiry] = useState<Expiry | null>(operator === null ? FIRST_EXPIRY : null);
  const [warnings, setWarnings] = useState<readonly string[]>([]);
  const { run, busy, problem } = useAction(async (input: OperatorInput, force: boolean) => {
    const warnings = await save(operator, input, force);
    if (warnings.length === 0) onClose();
    else setWarnings(warnings);
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

  if (warnings.length > 0) return <Warnings name={name} warnings={warnings} onClose={onClose} />;
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

interface WarningsProps {
  readonly name: string;
  readonly warnings: readonly string[];
  readonly onClose: () => void;
}

function Warnings({ name, warnings, onClose }: WarningsProps) {
  return (
    <Overlay title={`“${name}” is added`} onClose={onClose}>
      <div role="status" className="flex flex-col gap-3">
        {warnings.map((message) => (
          <Banner key={message} variant="alert" title="The operator cannot sign in yet" description={message} />
        ))}
      </div>
      <Buttons>
        <Button variant="primary" onClick={onClose}>
          Done
        </Button>
      </Buttons>
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
