// Makes an allow list, one address or range a line; afterwards shows what Gatehouse thinks is probably not meant.
import { Banner } from "@cloudflare/kumo/components/banner";
import { Button } from "@cloudflare/kumo/components/button";
import { Input, InputArea } from "@cloudflare/kumo/components/input";
import { type FormEvent, useState } from "react";
import type { CreatedAllowList } from "../../admin/allow-lists/schema.ts";
import { useAction } from "../action.ts";
import { faultIn, isBeyond } from "../problem.ts";
import { withError } from "../ui/field-error.tsx";
import { ProblemNotice } from "../ui/notices.tsx";
import { Buttons, Overlay } from "../ui/overlay.tsx";
import { useListChanges, useOwnAddress } from "./allow-lists-data.ts";

const FIELDS = ["name", "description", "allow_list"];

export function CreateAllowList({ onClose }: { readonly onClose: () => void }) {
  const { create } = useListChanges();
  const address = useOwnAddress();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [rules, setRules] = useState("");
  const [missing, setMissing] = useState<Readonly<Record<string, string>>>({});
  const [made, setMade] = useState<CreatedAllowList | null>(null);
  const { run, busy, problem } = useAction(async (lines: string[]) => {
    const answer = await create({ name: name.trim(), description: description.trim(), allow_list: lines });
    if (answer.warnings.length === 0) onClose();
    else setMade(answer);
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    const lines = rules.split(/[\s,]+/).filter(Boolean);
    const lacking = {
      ...(name.trim() === "" ? { name: "Give the list a name." } : {}),
      ...(lines.length === 0 ? { allow_list: "Give at least one address or range." } : {}),
    };
    setMissing(lacking);
    if (Object.keys(lacking).length === 0) run(lines);
  }

  const errorOf = (field: string) => withError(missing[field] ?? faultIn(problem, field));
  if (made !== null) return <Made made={made} onClose={onClose} />;
  return (
    <Overlay title="Create an IP allow list" onClose={onClose}>
      <form onSubmit={submit} noValidate className="flex flex-col gap-5">
        <Input
          label="Name"
          className="w-full"
          autoComplete="off"
          maxLength={64}
          value={name}
          onChange={(event) => setName(event.target.value)}
          {...errorOf("name")}
        />
        <Input
          label="Description (optional)"
          className="w-full"
          maxLength={256}
          value={description}
          onChange={(event) => setDescription(event.target.value)}
          {...errorOf("description")}
        />
        <InputArea
          label="Addresses and ranges"
          className="w-full font-mono"
          rows={5}
          spellCheck={false}
          value={rules}
          onChange={(event) => setRules(event.target.value)}
          description="One a line, such as 203.0.113.7 or 2001:db8::/32; at most 100."
          {...errorOf("allow_list")}
        />
        {address !== null && (
          <p className="flex flex-wrap items-center gap-2 text-sm text-kumo-subtle">
            Your address is {address}.
            <Button size="xs" onClick={() => setRules((before) => `${before.trimEnd()}\n${address}`.trimStart())}>
              Add it
            </Button>
          </p>
        )}
        {problem && isBeyond(problem, FIELDS) && <ProblemNotice problem={problem} />}
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

function Made({ made, onClose }: { readonly made: CreatedAllowList; readonly onClose: () => void }) {
  return (
    <Overlay title={`“${made.data.spec.name}” is made`} onClose={onClose}>
      <div role="status" className="flex flex-col gap-3">
        {made.warnings.map(({ message }) => (
          <Banner key={message} variant="alert" title="Is this meant?" description={message} />
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
