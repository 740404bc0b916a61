// Adds an operator, or changes one: name, role and time, never who it is.
import { Button } from "@cloudflare/kumo/components/button";
import { Input } from "@cloudflare/kumo/components/input";
import { Radio } from "@cloudflare/kumo/components/radio";
import { type FormEvent, useState } from "react";
import type { OperatorData } from "../../admin/operators/schema.ts";
import { useAction } from "../action.ts";
import { type Expiry, ExpiryField, hoursOf } from "../keys/expiry-field.tsx";
import { RoleField } from "../keys/role-field.tsx";
import { faultIn, isBeyond } from "../problem.ts";
import { withError } from "../ui/field-error.tsx";
import { ProblemNotice } from "../ui/notices.tsx";
import { Buttons, Overlay } from "../ui/overlay.tsx";
import { type OperatorWish, useOperatorChanges } from "./operators-data.ts";

interface FormProps {
  /** `null`: a new one. */
  readonly operator: OperatorData | null;
  readonly onClose: () => void;
}

const FIELDS = ["name", "email", "subject", "role_id", "expire_after_hours"];
const FIRST_EXPIRY: Expiry = { choice: "never", date: "" };

export function OperatorForm({ operator, onClose }: FormProps) {
  const { save } = useOperatorChanges();
  const [name, setName] = useState(operator?.spec.name ?? "");
  const [by, setBy] = useState<"email" | "subject">("email");
  const [identity, setIdentity] = useState("");
  const [roleId, setRoleId] = useState(operator?.spec.role_id ?? "");
  /** `null`: the span of an operator who is changed stays, and begins anew. */
  const [expiry, setExpiry] = useState<Expiry | null>(operator === null ? FIRST_EXPIRY : null);
  const [missing, setMissing] = useState<Readonly<Record<string, string>>>({});
  const { run, busy, problem } = useAction(async (wish: OperatorWish, force: boolean) => {
    await save(operator?.info.id ?? null, wish, force);
    onClose();
  });
  const last = problem?.code === "last_manager";

  function submit(event: FormEvent) {
    event.preventDefault();
    const hours = expiry === null ? undefined : hoursOf(expiry, Date.now());
    const unknown = by === "email" ? "Give the e-mail address." : "Give the subject.";
    const lacking = {
      ...(name.trim() === "" ? { name: "Give the operator a name." } : {}),
      ...(operator === null && identity.trim() === "" ? { [by]: unknown } : {}),
      ...(roleId === "" ? { role_id: "Choose a role." } : {}),
      ...(hours === null ? { expire_after_hours: "Choose a day in the future." } : {}),
    };
    setMissing(lacking);
    if (Object.keys(lacking).length > 0 || hours === null) return;
    const span = hours === undefined ? {} : { expire_after_hours: hours };
    const who = operator === null ? { [by]: identity.trim() } : {};
    run({ name: name.trim(), role_id: roleId, ...span, ...who }, last);
  }

  const errorOf = (field: string) => missing[field] ?? faultIn(problem, field);
  return (
    <Overlay title={operator === null ? "Add an operator" : `Edit “${operator.spec.name}”`} onClose={onClose}>
      <form onSubmit={submit} noValidate className="flex flex-col gap-5">
        <Input
          label="Name"
          className="w-full"
          autoComplete="off"
          maxLength={64}
          value={name}
          onChange={(event) => setName(event.target.value)}
          {...withError(errorOf("name"))}
        />
        {operator === null && (
          <>
            <Radio.Group
              legend="Found by"
              orientation="horizontal"
              value={by}
              onValueChange={(value: typeof by) => setBy(value)}
            >
              <Radio.Item value="email" label="E-mail address" className="mr-3" />
              <Radio.Item value="subject" label="Subject" />
            </Radio.Group>
            <Input
              label={by === "email" ? "E-mail address" : "Subject"}
              className="w-full"
              autoComplete="off"
              value={identity}
              onChange={(event) => setIdentity(event.target.value)}
              description="Exactly as the issuer says it. It cannot be changed afterwards: another identity is another person."
              {...withError(errorOf("email") ?? errorOf("subject"))}
            />
          </>
        )}
        <RoleField value={roleId} onChange={setRoleId} error={errorOf("role_id")} />
        {expiry === null ? (
          <p className="flex flex-wrap items-center gap-3">
            {operator?.spec.expire_after_hours === 0
              ? "Never expires."
              : "The time allowed begins anew with the change."}
            <Button size="sm" onClick={() => setExpiry(FIRST_EXPIRY)}>
              Change the expiry
            </Button>
          </p>
        ) : (
          <ExpiryField value={expiry} onChange={setExpiry} error={errorOf("expire_after_hours")} what="operator" />
        )}
        {problem && isBeyond(problem, FIELDS) && <ProblemNotice problem={problem} />}
        <Buttons>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" loading={busy}>
            {last ? "Save all the same" : operator === null ? "Add operator" : "Save"}
          </Button>
        </Buttons>
      </form>
    </Overlay>
  );
}
