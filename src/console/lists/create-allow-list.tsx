// Creates an allow list, then shows the server's warnings about unusual rules.
import { Banner } from "@cloudflare/kumo/components/banner";
import { Button } from "@cloudflare/kumo/components/button";
import { InputArea } from "@cloudflare/kumo/components/input";
import { type FormEvent, useState } from "react";
import type { CreatedAllowList } from "../../admin/allow-lists/schema.ts";
import { useAction } from "../action.ts";
import { useFieldErrors } from "../field-errors.ts";
import { isOutside } from "../problem.ts";
import { withError } from "../ui/field-error.tsx";
import { ProblemNotice } from "../ui/notices.tsx";
import { Buttons, Overlay } from "../ui/overlay.tsx";
import { DescriptionField, NameField } from "../ui/text-fields.tsx";
import { useListChanges, useOwnAddress } from "./allow-lists-data.ts";

const FIELDS = ["name", "description", "allow_list"];

export function CreateAllowList({ onClose }: { readonly onClose: () => void }) {
  const { create } = useListChanges();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [text, setText] = useState("");
  const [created, setCreated] = useState<CreatedAllowList | null>(null);
  const { run, busy, problem } = useAction(async (rules: string[]) => {
    const response = await create({ name: name.trim(), description: description.trim(), allow_list: rules });
    if (response.warnings.length === 0) onClose();
    else setCreated(response);
  });
  const { check, errorOf } = useFieldErrors(problem);

  function submit(event: FormEvent) {
    event.preventDefault();
    const rules = text.split(/[\s,]+/).filter(Boolean);
    const valid = check({
      ...(name.trim() === "" ? { name: "Enter a name." } : {}),
      ...(rules.length === 0 ? { allow_list: "Enter at least one address or range." } : {}),
    });
    if (valid) run(rules);
  }

  if (created !== null) return <Warnings created={created} onClose={onClose} />;
  return (
    <Overlay title="Create an IP allow list" onClose={onClose}>
      <form onSubmit={submit} noValidate className="flex flex-col gap-5">
        <NameField value={name} onChange={setName} error={errorOf("name")} />
        <DescriptionField value={description} onChange={setDescription} error={errorOf("description")} />
        <RulesField value={text} onChange={setText} error={errorOf("allow_list")} />
        {problem && isOutside(problem, FIELDS) && <ProblemNotice problem={problem} />}
        <Buttons>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" loading={busy}>
            Create list
          </Button>
        </Buttons>
      </form>
    </Overlay>
  );
}

interface RulesFieldProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly error: string | undefined;
}

export function RulesField({ value, onChange, error }: RulesFieldProps) {
  const address = useOwnAddress();
  return (
    <>
      <InputArea
        label="Addresses and ranges"
        className="w-full font-mono"
        rows={5}
        spellCheck={false}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        description="One per line, such as 203.0.113.7 or 2001:db8::/32. At most 100."
        {...withError(error)}
      />
      {address !== null && (
        <p className="flex flex-wrap items-center gap-2 text-sm text-kumo-subtle">
          Your address is {address}.
          <Button size="xs" onClick={() => onChange(`${value.trimEnd()}\n${address}`.trimStart())}>
            Add it
          </Button>
        </p>
      )}
    </>
  );
}

function Warnings({ created, onClose }: { readonly created: CreatedAllowList; readonly onClose: () => void }) {
  return (
    <Overlay title={`“${created.data.spec.name}” is created`} onClose={onClose}>
      <div role="status" className="flex flex-col gap-3">
        {created.warnings.map(({ message }) => (
          <Banner key={message} variant="alert" title="Is this intended?" description={message} />
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
